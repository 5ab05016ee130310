"""Computing cells: the process of one, and the run that starts them and tells of them."""
