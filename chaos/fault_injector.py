"""Which fault is injected into which call, at random, and the consequences that the audit has to know."""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chaos import api_faults, call_faults
from chaos.http_proxy import Action, ProxiedCall, pass_through

_CHAT_ID = re.compile(rb'chat_id(?:=|"\r\n\r\n)(-?\d+)')
_API_RATE_LIMIT = {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded.", "request_id": "r"}
_API_ERROR = {"code": "InternalError", "message": "An internal error has occured.", "request_id": "r"}
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
    "firewall's page": call_faults.status_page(403),
    "no page": call_faults.status_page(404),
    "redirect": call_faults.redirect,
    "empty": call_faults.empty,
    "empty after": call_faults.empty_after,
    "200 with an error": call_faults.error_response(200, _API_ERROR),
    "late": api_faults.late,
}
QUERY_FAULTS: Faults = {
    **API_FAULTS,
    "not known yet": api_faults.task_state("UNKNOWN"),
    "state nobody knows": api_faults.task_state("REVIEWING"),
}
LIST_FAULTS: Faults = {**API_FAULTS, "foreign tasks": api_faults.foreign_tasks}
RESULT_FAULTS: Faults = {
    **COMMON_FAULTS,
    "link expired": call_faults.status_page(403),
    "link gone": call_faults.status_page(404),
    "no picture": call_faults.error_response(200, {"this": "is no picture"}),
    "half a picture": api_faults.half_a_picture,
    "redirect": call_faults.redirect,
    "empty": call_faults.empty,
}
TELEGRAM_FAULTS: Faults = {
    **COMMON_FAULTS,
    "429": call_faults.error_response(429, _TELEGRAM_RATE_LIMIT),
    "429 with retry": call_faults.error_response(429, {**_TELEGRAM_RATE_LIMIT, "parameters": {"retry_after": 2}}),
}
FILE_FAULTS: Faults = {
    name: action for name, action in COMMON_FAULTS.items() if name != "garbage"
}  # which would be rejected as not a photo
DISCORD_FAULTS: Faults = {
    **COMMON_FAULTS,
    "429": call_faults.status_page(429),
    "429 with retry": call_faults.error_response(429, _DISCORD_RATE_LIMIT, "Retry-After: 1", "Via: 1.1 google"),
    "garbage after": call_faults.garbage_after,
}
_FAULTS_OF_API_CALLS = {"query": QUERY_FAULTS, "list": LIST_FAULTS, "result": RESULT_FAULTS}
_NEW_MESSAGE_CALLS = {"sendMessage", "sendPhoto", "sendDocument"}  # albums are sent at most once
_RESPONSE_LOST = {"dropped after", "cut off", "garbage after"}


@dataclass
class FaultInjector:
    """Injects faults into a share `rate` of the calls. `allowed_duplicates`: by chat, new messages that were carried
    out and whose response was lost, so that the bot has to send them again. `on_lost_response` is called with each
    Discord interaction call whose response is lost."""

    rng: random.Random
    rate: float
    injected: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    allowed_duplicates: Counter[int] = field(default_factory=Counter)
    enabled: bool = False
    on_lost_response: Callable[[ProxiedCall], None] = lambda _: None

    def api_policy(self, call: ProxiedCall) -> Action:
        return self._choose(call, _FAULTS_OF_API_CALLS.get(call.kind, API_FAULTS))

    def telegram_policy(self, call: ProxiedCall) -> Action:
        return self._choose(call, FILE_FAULTS if call.kind == "file" else TELEGRAM_FAULTS)

    def discord_policy(self, call: ProxiedCall) -> Action:
        return self._choose(call, FILE_FAULTS if call.kind == "attachment" else DISCORD_FAULTS)

    def _choose(self, call: ProxiedCall, faults: Faults) -> Action:
        if not self.enabled or self.rng.random() >= self.rate:
            self.passed += 1
            return pass_through
        name = self.rng.choice(sorted(faults))
        self.injected[name] += 1
        if name in _RESPONSE_LOST and call.kind in _NEW_MESSAGE_CALLS and (chat := _CHAT_ID.search(call.body)):
            self.allowed_duplicates[int(chat[1])] += 1
        if name in _RESPONSE_LOST and call.kind in {"callback", "hook"}:
            self.on_lost_response(call)
        return faults[name]
