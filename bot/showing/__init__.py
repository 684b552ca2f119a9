"""What people are shown: views of rows, cards made of them, and which of these are owed."""
