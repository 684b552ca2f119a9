"""Pure rules and values: a job's states, the fair queue, estimates, when to poll, quota, styles."""
