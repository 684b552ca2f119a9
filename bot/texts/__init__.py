"""What people read, in their language.

The msgids are the English sentences; every other language is a folder of .po files. A folder may hold several files
(one a part of the product); they are read together, straight from the .po text: nothing is compiled or built.
"""

from bot.texts.catalogue import LANGUAGES, Texts, mark, speak
from bot.texts.refusals import refusal

__all__ = ["LANGUAGES", "Texts", "mark", "refusal", "speak"]
