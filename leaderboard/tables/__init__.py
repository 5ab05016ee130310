"""Tables as people and programs read them."""
