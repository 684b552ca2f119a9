"""Torture: the real bot, treated badly from outside, and looked at afterwards. Not part of what is installed.

`make torture` runs every part, `make torture PART=kills N=1000 SEED=7` one of them; `make soak` the long one. The
people, the service and the chats round the bot are those of the tests.
"""
