"""Credits and payments."""
