"""Inputs that nobody meant: a line and no traceback, no hang, no memory, and nothing is changed."""
