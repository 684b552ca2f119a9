"""Administration package: figures, pause, grants, bans, broadcasts, doctor, backup and moving the database."""
