"""Ways to a false score, each of which fails or is reported."""
