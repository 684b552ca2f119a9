"""Turns a person's file into a Portrait, or says why it can't, before a unit is spent.

`sniffing` checks the first bytes, in this process; `decoding` and `fitting` handle pixels, in worker processes only.
"""

from bot.imaging.intake import FaceFinder, Intake, Unreadable
from bot.imaging.results import ForeignFormat, PhotoProblem, Portrait, UnusablePhoto

__all__ = [
    "FaceFinder",
    "ForeignFormat",
    "Intake",
    "PhotoProblem",
    "Portrait",
    "Unreadable",
    "UnusablePhoto",
]
