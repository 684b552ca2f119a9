"""What a process needs: clock, wake-ups, logging, data folder, event loop."""
