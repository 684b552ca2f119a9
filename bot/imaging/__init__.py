"""Turns a person's file into a Portrait, or says why it can't, before a unit is spent.

`sniffing` checks the first bytes, in this process; `decoding` and `fitting` handle pixels, in worker processes only.
Nothing is imported here: a worker process starts in half the time without what only its parent needs.
"""
