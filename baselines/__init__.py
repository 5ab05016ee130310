"""Bundled imitation-learning algorithms, one a file."""
