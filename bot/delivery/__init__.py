"""Cards, outbox, notifications, broadcasts: what reaches people, and when."""
