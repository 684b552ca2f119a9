"""What people read, in their language.

The msgids are the English sentences; every other language is a folder of .po files. A folder may hold several files
(one a part of the product); they are read together, straight from the .po text: nothing is compiled or built.
"""

from bot.i18n.catalog import LANGUAGES, Texts, mark, texts_for
from bot.i18n.error_messages import error_message

__all__ = ["LANGUAGES", "Texts", "error_message", "mark", "texts_for"]
