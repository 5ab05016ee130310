"""What belongs to the question of one experiment; what belongs to every result is one level up."""
