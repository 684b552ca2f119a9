"""Routes messages and button presses to features, and holds the features that belong to no other package."""
