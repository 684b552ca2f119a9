"""What is kept of people, exported for them, and deleted."""
