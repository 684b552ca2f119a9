"""What a model of the API is to us: its name, what it can paint, and how a task for it is created."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.dashscope import wire
from bot.dashscope.wire import ApiCall, TaskRequest


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
