"""What can be computed of a single policy: the references, exact metrics, and checks of answers."""
