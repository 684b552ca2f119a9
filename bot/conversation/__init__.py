"""Routes messages and button presses, and answers those that belong to no other room."""
