"""Whether this installation can find faces, and what to say when it has to and can't."""

import importlib.util
from collections.abc import Callable

from bot.config.settings import Settings
from bot.messaging.platform import CannotStart

COMPLAINT = "FACE_REQUIRED is on, but what finds faces is not installed; in the checkout: pip install '.[stylizer]'"

Find = Callable[[str], object]  # a package by its name


def can_find_faces(find: Find = importlib.util.find_spec) -> bool:
    """Whether the packages of the engine are here."""
    return all(map(find, ("cv2", "onnxruntime")))


def faces_required(settings: Settings, find: Find = importlib.util.find_spec) -> bool:
    """Whether a photo without a face is to be refused. Raises CannotStart where nobody could tell."""
    if settings.face_required == "off":
        return False
    if not can_find_faces(find):
        raise CannotStart(COMPLAINT)
    return True
