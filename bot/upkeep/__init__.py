"""What an owner does and sees: commands, figures, backups, a move to another database."""
