"""Studies of tuning: draws of an algorithm's settings, scored on training arenas and on seeds that
no result uses, and the record from which its settings come."""
