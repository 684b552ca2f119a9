"""Settings and what they open; nothing else reads the environment."""
