"""One account at work: claim, submit, poll, fetch, reconcile."""
