"""What the commands `il-play` and `il-recordings` do with their options."""
