"""Pure rules and values: a job's life, the fair queue, when to poll, quota, styles."""
