"""Saved styles package: a person's own and a group's library of reference pictures."""
