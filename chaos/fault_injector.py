"""Which fault is done to which call, by lot; and what has to be known of it afterwards."""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chaos import call_faults
from chaos.http_proxy import Deed, Passing, passes

_CHAT_ID = re.compile(rb'chat_id(?:=|"\r\n\r\n)(-?\d+)')
_THROTTLED = {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded.", "request_id": "r"}
_SLOWLY = {"message": "You are being rate limited.", "retry_after": 0.3, "global": False}
_FLOOD = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 2"}

Faults = Mapping[str, Deed]
EVERYWHERE: Faults = {
    "500": call_faults.status(500),
    "502": call_faults.status(502),
    "503": call_faults.status(503),
    "dropped before": call_faults.dropped_before,
    "dropped after": call_faults.dropped_after,
    "cut off": call_faults.cut,
    "slow": call_faults.slow,
    "garbage": call_faults.garbage,
}
AT_API: Faults = {
    **EVERYWHERE,
    "429": call_faults.refused(429, _THROTTLED),
    "429 with retry": call_faults.refused(429, _THROTTLED, "Retry-After: 2"),
    "garbage after": call_faults.garbage_after,
}
AT_RESULT: Faults = {
    **EVERYWHERE,
    "link expired": call_faults.status(403),
    "link gone": call_faults.status(404),
    "no picture": call_faults.refused(200, {"this": "is no picture"}),
}
AT_CHAT: Faults = {
    **EVERYWHERE,
    "429": call_faults.refused(429, _FLOOD),
    "429 with retry": call_faults.refused(429, {**_FLOOD, "parameters": {"retry_after": 2}}),
}
AT_FILE: Faults = {
    name: deed for name, deed in EVERYWHERE.items() if name != "garbage"
}  # it would be no photo: refused
AT_GUILD: Faults = {
    **EVERYWHERE,
    "429": call_faults.status(429),
    "429 with retry": call_faults.refused(429, _SLOWLY, "Retry-After: 1", "Via: 1.1 google"),
    "garbage after": call_faults.garbage_after,
}
_NEW = {"sendMessage", "sendPhoto", "sendDocument"}  # an album is sent once at most
_UNHEARD = {"dropped after", "cut off", "garbage after"}


@dataclass
class Faulty:
    """Lets calls pass, or does something to a `share` of them. `twice`: new messages that were written and whose
    answer was lost, by chat; whoever wrote them has to write again. `unheard` is told of what Discord's answer was
    lost to."""

    dice: random.Random
    share: float
    done: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    twice: Counter[int] = field(default_factory=Counter)
    on: bool = False
    unheard: Callable[[Passing], None] = lambda _: None

    def at_api(self, passing: Passing) -> Deed:
        return self._choose(passing, AT_RESULT if passing.kind == "result" else AT_API)

    def at_chat(self, passing: Passing) -> Deed:
        return self._choose(passing, AT_FILE if passing.kind == "file" else AT_CHAT)

    def at_guild(self, passing: Passing) -> Deed:
        return self._choose(passing, AT_FILE if passing.kind == "attachment" else AT_GUILD)

    def _choose(self, passing: Passing, faults: Faults) -> Deed:
        if not self.on or self.dice.random() >= self.share:
            self.passed += 1
            return passes
        name = self.dice.choice(sorted(faults))
        self.done[name] += 1
        if name in _UNHEARD and passing.kind in _NEW and (chat := _CHAT_ID.search(passing.body)):
            self.twice[int(chat[1])] += 1
        if name in _UNHEARD and passing.kind in {"callback", "hook"}:
            self.unheard(passing)
        return faults[name]
