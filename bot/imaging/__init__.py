"""Bytes → Portrait, or the reason why not, before a unit is spent.

`sniffing` looks at the first bytes, here; `decoding` and `fitting` touch pixels, in worker processes only.
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
