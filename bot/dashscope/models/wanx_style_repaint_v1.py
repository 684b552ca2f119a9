"""The portrait model: 23 styles, or the style of a reference picture. Source: its page, "Portrait style repaint"."""

from bot.dashscope.models.model import Capability, Model
from bot.dashscope.wire import REFERENCE

MODEL = Model("wanx-style-repaint-v1", Capability(frozenset({REFERENCE, *range(10), 14, 15, *range(30, 41)})))
