"""Several processes as one installation: leadership, election, the shared update inbox."""
