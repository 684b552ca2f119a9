"""The API's models that are known here: what each can paint, and how a task for it is created. A new model is an entry
in `KNOWN`."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.dashscope import wire
from bot.dashscope.wire import REFERENCE, ApiCall, TaskRequest


@dataclass(frozen=True)
class Capability:
    """What can be painted: `styles` are style indices, with REFERENCE if it follows a reference picture. `parameters`:
    what it takes beyond the documented input, such as "seed"."""

    styles: frozenset[int]
    parameters: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Model:
    """A model. `create` makes the submit call of a task from this model's name and the request."""

    name: str
    capability: Capability
    create: Callable[[str, TaskRequest], ApiCall] = wire.create


# 23 styles, or the style of a reference picture. Source: the model's page, "Portrait style repaint".
DEFAULT = Model("wanx-style-repaint-v1", Capability(frozenset({REFERENCE, *range(10), 14, 15, *range(30, 41)})))
KNOWN = (DEFAULT,)


def named(name: str) -> Model:
    """The model of this name. One that isn't known here is taken to be a version of the default, asked in the same way
    for the same styles; if the API doesn't have it, it says ModelNotFound and the account pauses."""
    return next((model for model in KNOWN if model.name == name), replace(DEFAULT, name=name))
