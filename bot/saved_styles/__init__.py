"""Reference styles that people keep, share, and put into a group's library."""
