"""The texts that people read, in their language.

The msgids are the English sentences; every other language is a folder of .po files, one for each part of the product.
They are merged and read directly from the .po files: there is no build step. Those in traditional Chinese are made from
the simplified ones (see "Add a text" in CONTRIBUTING.md).
"""

from bot.i18n.catalog import LANGUAGES, TRADITIONAL, Texts, language_names, mark, supported_language, texts_for
from bot.i18n.error_messages import error_message

__all__ = [
    "LANGUAGES",
    "TRADITIONAL",
    "Texts",
    "error_message",
    "language_names",
    "mark",
    "supported_language",
    "texts_for",
]
