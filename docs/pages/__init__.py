"""Pages that are generated from the code: of worlds, algorithms and public names."""
