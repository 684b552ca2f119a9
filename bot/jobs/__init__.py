"""From a request to a job: who may ask, drafts, admission, albums, consent, queries, retention."""
