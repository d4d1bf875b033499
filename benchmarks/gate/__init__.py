"""Compare the gate with other rate limiters on virtual time."""
