"""Algorithms: where their code is, how it is loaded, and what a run knows of one."""
