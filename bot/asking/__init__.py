"""From a question to a job: who may ask, what it costs, and what was asked before."""
