"""Turns requests into jobs: access, drafts, admission, albums, consent, queries, retention."""
