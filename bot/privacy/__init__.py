"""Privacy package: data export, deletion, opting out and language."""
