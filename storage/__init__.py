"""All SQL and all stored files. Imports nothing of the packages above it."""
