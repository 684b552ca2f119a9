"""The API's models that are known here, one module each. A new one is a module of its own and a line in `KNOWN`."""

from dataclasses import replace

from bot.dashscope.models import wanx_style_repaint_v1
from bot.dashscope.models.model import Capability, Model

__all__ = ["DEFAULT", "KNOWN", "Capability", "Model", "named"]

DEFAULT = wanx_style_repaint_v1.MODEL
KNOWN = (DEFAULT,)


def named(name: str) -> Model:
    """The model of this name. One that isn't known here is taken to be a version of the default, asked in the same way
    for the same styles; if the API doesn't have it, it says ModelNotFound and the account pauses."""
    return next((model for model in KNOWN if model.name == name), replace(DEFAULT, name=name))
