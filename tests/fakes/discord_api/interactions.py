"""Interactions: what people asked, how it was answered, and the rules of time and number that hold for the answers."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.discord_api.limits import EPHEMERAL, LOADING, Files, modal_breaches
from tests.fakes.discord_api.objects import Place, User
from tests.fakes.discord_api.shown_messages import Shown
from tests.fakes.discord_api.state import UNKNOWN_MESSAGE, Trouble, World

Json = Any
COMMAND, COMPONENT, COMPLETION, MODAL = 2, 3, 4, 5  # kinds of interactions
REPLY, LATER, LATER_HERE, HERE, CHOICES, FORM = 4, 5, 6, 7, 8, 9  # kinds of answers
ANSWERS = {
    COMMAND: {REPLY, LATER, FORM},
    COMPONENT: {REPLY, LATER, LATER_HERE, HERE, FORM},
    COMPLETION: {CHOICES},
    MODAL: {REPLY, LATER, LATER_HERE, HERE},
}
PATIENCE, LIFETIME, FOLLOW_UPS = 3.0, 15 * 60.0, 5
UNKNOWN_INTERACTION = (404, 10062, "Unknown interaction")
ACKNOWLEDGED = (400, 40060, "Interaction has already been acknowledged.")
UNKNOWN_WEBHOOK, EXPIRED = (404, 10015, "Unknown Webhook"), (401, 50027, "Invalid Webhook Token")
TOO_MANY = (400, 40094, "This interaction has hit the maximum number of follow up messages.")


@dataclass
class Asked:
    """One interaction. `answer` is the kind of its first answer, None until then; `original` that answer's message.

    `elsewhere`: the bot was not added where it was asked, only the person has installed it.
    """

    id: int
    kind: int
    user: User
    place: Place
    at: float
    elsewhere: bool = False
    pressed: Shown | None = None  # whose button it was
    token: str = field(default_factory=lambda: secrets.token_urlsafe(64))
    answer: int | None = None
    original: int | None = None
    follow_ups: list[int] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    form: Json = None
    is_unheard: bool = False  # the bot could not know that its answer was taken: it may answer again


@dataclass
class Asks:
    """All interactions of a world, and what the bot did with them."""

    world: World
    all: dict[int, Asked] = field(default_factory=dict)

    def new(self, kind: int, user: User, place: Place, *, pressed: Shown | None = None) -> Asked:
        elsewhere = not place.has_bot
        asked = Asked(self.world.new_id(), kind, user, place, self.world.now(), elsewhere, pressed)
        self.all[asked.id] = asked
        return asked

    @property
    def waiting(self) -> list[Asked]:
        """Those that nobody has answered yet."""
        return [asked for asked in self.all.values() if asked.answer is None]

    def answer(self, number: int, token: str, body: Json, files: Files) -> Json:
        """The first answer, within three seconds. Raises Trouble."""
        asked = self.all.get(number)
        if asked is None or asked.token != token:
            raise self._breach(f"nobody asked {number}", UNKNOWN_INTERACTION)
        if asked.answer is not None and asked.is_unheard:
            raise Trouble(*ACKNOWLEDGED)
        if asked.answer is not None:
            raise self._breach(f"interaction {number} was answered twice", ACKNOWLEDGED)
        if (took := self.world.now() - asked.at) > PATIENCE:
            raise self._breach(f"interaction {number} was answered after {took:.1f} s", UNKNOWN_INTERACTION)
        kind = body["type"]
        if kind not in ANSWERS[asked.kind] or (kind in {LATER_HERE, HERE} and asked.pressed is None):
            raise self._breach(
                f"an interaction of type {asked.kind} was answered by {kind}", (400, 50035, "Invalid Form Body")
            )
        shown = self._carry_out(asked, kind, body.get("data") or {}, files)
        asked.answer = kind
        asked.original = shown.id if shown else None
        return self._told(asked, shown)

    def _carry_out(self, asked: Asked, kind: int, data: Json, files: Files) -> Shown | None:
        match kind:
            case 4:
                return self._post(asked, data, files)
            case 5:
                flags = LOADING | (data.get("flags", 0) & EPHEMERAL)
                shown = Shown(asked.place.id, self.world.new_id(), self.world.bot, self.world.now(), flags=flags)
                only_for = asked.user.id if flags & EPHEMERAL else None
                return self.world.add(replace(shown, only_for=only_for, asked=asked.id))
            case 6:
                return asked.pressed
            case 7:
                assert asked.pressed is not None
                return self.world.edit(self.world.messages[asked.pressed.id], data, files)
            case 8:
                asked.choices = data["choices"]
            case _:
                self.world.breaches += modal_breaches(data)
                asked.form = data
        return None

    def _post(self, asked: Asked, body: Json, files: Files) -> Shown:
        only_for = asked.user.id if (body.get("flags") or 0) & EPHEMERAL else None
        return self.world.post(asked.place.id, body, files, asked=asked.id, only_for=only_for)

    def _told(self, asked: Asked, shown: Shown | None) -> Json:
        """What the callback is answered with."""
        told: Json = {"interaction": {"id": str(asked.id), "type": asked.kind}}
        if shown is not None:
            told["interaction"] |= {
                "response_message_id": str(shown.id),
                "response_message_loading": bool(shown.flags & LOADING),
                "response_message_ephemeral": shown.is_ephemeral,
            }
            told["resource"] = {
                "type": HERE if asked.answer in {LATER_HERE, HERE} else REPLY,
                "message": self.world.as_json(shown),
            }
        return told

    def by_token(self, token: str) -> Asked:
        """Whose token it is, while it lives. Raises Trouble."""
        asked = next((one for one in self.all.values() if one.token == token), None)
        if asked is None or asked.answer is None:
            raise self._breach("a webhook was used that nobody gave", UNKNOWN_WEBHOOK)
        if self.world.now() - asked.at > LIFETIME:
            raise self._breach(f"the token of interaction {asked.id} was used after 15 minutes", EXPIRED)
        return asked

    def follow_up(self, asked: Asked, body: Json, files: Files) -> Shown:
        """One more message: the first one fills a deferred answer. Raises Trouble."""
        waiting = self.world.messages.get(asked.original or 0)
        if asked.answer == LATER and waiting is not None and waiting.flags & LOADING:
            return self.change(waiting, body, files)
        if asked.elsewhere and len(asked.follow_ups) >= FOLLOW_UPS:
            raise self._breach(f"interaction {asked.id} has more than five follow-ups", TOO_MANY)
        shown = self._post(asked, body, files)
        asked.follow_ups.append(shown.id)
        return shown

    def mine(self, asked: Asked, which: str) -> Shown:
        """A message that this interaction's token may touch. Raises Trouble."""
        number = asked.original if which == "@original" else int(which)
        shown = self.world.messages.get(number or 0)
        pressed = asked.pressed.id if asked.pressed else None
        if shown is None or (shown.asked != asked.id and shown.id != pressed):
            raise Trouble(*UNKNOWN_MESSAGE)
        return shown

    def change(self, shown: Shown, body: Json, files: Files) -> Shown:
        """Its message as the body says, no longer "thinking". Raises Trouble."""
        body = {**body, "flags": (body.get("flags") or 0) & ~EPHEMERAL} if body.get("flags") else body
        new = self.world.edit(shown, body, files)
        return self.world.add(replace(new, flags=new.flags & ~LOADING)) if new.flags & LOADING else new

    def _breach(self, words: str, refusal: tuple[int, int, str]) -> Trouble:
        self.world.breaches.append(words)
        return Trouble(*refusal)
