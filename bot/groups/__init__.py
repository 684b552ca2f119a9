"""Group settings package: the settings and their checks, the /settings command and its cards."""
