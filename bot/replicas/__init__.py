"""Several processes as one installation: who does what only one may do, and how they tell each other."""
