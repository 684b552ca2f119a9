"""The owner's tools: figures, doctor, backup, moving the database."""
