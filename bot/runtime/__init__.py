"""What a process needs: clock, wake-ups, logs, lock file, tasks."""
