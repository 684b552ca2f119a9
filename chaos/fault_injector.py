"""Which fault is done to which call, by lot; and what has to be known of it afterwards."""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chaos import call_faults
from chaos.http_proxy import Action, ProxiedCall, pass_through

_CHAT_ID = re.compile(rb'chat_id(?:=|"\r\n\r\n)(-?\d+)')
_API_RATE_LIMIT = {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded.", "request_id": "r"}
_DISCORD_RATE_LIMIT = {"message": "You are being rate limited.", "retry_after": 0.3, "global": False}
_TELEGRAM_RATE_LIMIT = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 2"}

Faults = Mapping[str, Action]
COMMON_FAULTS: Faults = {
    "500": call_faults.status_page(500),
    "502": call_faults.status_page(502),
    "503": call_faults.status_page(503),
    "dropped before": call_faults.drop_before,
    "dropped after": call_faults.drop_after,
    "cut off": call_faults.truncate,
    "slow": call_faults.trickle,
    "garbage": call_faults.garbage,
}
API_FAULTS: Faults = {
    **COMMON_FAULTS,
    "429": call_faults.error_response(429, _API_RATE_LIMIT),
    "429 with retry": call_faults.error_response(429, _API_RATE_LIMIT, "Retry-After: 2"),
    "garbage after": call_faults.garbage_after,
}
RESULT_FAULTS: Faults = {
    **COMMON_FAULTS,
    "link expired": call_faults.status_page(403),
    "link gone": call_faults.status_page(404),
    "no picture": call_faults.error_response(200, {"this": "is no picture"}),
}
TELEGRAM_FAULTS: Faults = {
    **COMMON_FAULTS,
    "429": call_faults.error_response(429, _TELEGRAM_RATE_LIMIT),
    "429 with retry": call_faults.error_response(429, {**_TELEGRAM_RATE_LIMIT, "parameters": {"retry_after": 2}}),
}
FILE_FAULTS: Faults = {
    name: deed for name, deed in COMMON_FAULTS.items() if name != "garbage"
}  # it would be no photo: refused
DISCORD_FAULTS: Faults = {
    **COMMON_FAULTS,
    "429": call_faults.status_page(429),
    "429 with retry": call_faults.error_response(429, _DISCORD_RATE_LIMIT, "Retry-After: 1", "Via: 1.1 google"),
    "garbage after": call_faults.garbage_after,
}
_NEW_MESSAGE_CALLS = {"sendMessage", "sendPhoto", "sendDocument"}  # an album is sent once at most
_RESPONSE_LOST = {"dropped after", "cut off", "garbage after"}


@dataclass
class FaultInjector:
    """Lets calls pass, or does something to a `share` of them. `twice`: new messages that were written and whose
    answer was lost, by chat; whoever wrote them has to write again. `unheard` is told of what Discord's answer was
    lost to."""

    dice: random.Random
    share: float
    done: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    twice: Counter[int] = field(default_factory=Counter)
    on: bool = False
    unheard: Callable[[ProxiedCall], None] = lambda _: None

    def at_api(self, passing: ProxiedCall) -> Action:
        return self._choose(passing, RESULT_FAULTS if passing.kind == "result" else API_FAULTS)

    def at_chat(self, passing: ProxiedCall) -> Action:
        return self._choose(passing, FILE_FAULTS if passing.kind == "file" else TELEGRAM_FAULTS)

    def at_guild(self, passing: ProxiedCall) -> Action:
        return self._choose(passing, FILE_FAULTS if passing.kind == "attachment" else DISCORD_FAULTS)

    def _choose(self, passing: ProxiedCall, faults: Faults) -> Action:
        if not self.on or self.dice.random() >= self.share:
            self.passed += 1
            return pass_through
        name = self.dice.choice(sorted(faults))
        self.done[name] += 1
        if name in _RESPONSE_LOST and passing.kind in _NEW_MESSAGE_CALLS and (chat := _CHAT_ID.search(passing.body)):
            self.twice[int(chat[1])] += 1
        if name in _RESPONSE_LOST and passing.kind in {"callback", "hook"}:
            self.unheard(passing)
        return faults[name]
