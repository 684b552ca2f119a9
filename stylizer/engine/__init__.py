"""The engine: pixels in, pixels out. Plain functions that a worker process can import by name."""

from stylizer.engine.catalogue import LOOKS, Look
from stylizer.engine.picture import UnusableImage
from stylizer.engine.renderer import contact_sheet, find_face, stylize, warm_up

__all__ = ["LOOKS", "Look", "UnusableImage", "contact_sheet", "find_face", "stylize", "warm_up"]
