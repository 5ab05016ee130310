"""From raw cells to the rows of a table: scores, their intervals and ranks, and other metrics."""
