"""What people keep with us and may take along: consent, saved styles, their data."""
