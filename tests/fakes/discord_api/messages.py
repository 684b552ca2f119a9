"""The calls of Discord's API that are about messages: by the bot's own right, or by that of an interaction."""

from dataclasses import dataclass
from typing import Any

from tests.fakes.discord_api.call import Call
from tests.fakes.discord_api.gateway import Gateway
from tests.fakes.discord_api.interactions import Asks
from tests.fakes.discord_api.sessions import DM_MESSAGES, GUILD_MESSAGES
from tests.fakes.discord_api.shown_messages import Shown
from tests.fakes.discord_api.state import ATTACH, SEND, SEND_IN_THREADS, VIEW, Trouble, World

Json = Any
NONCE_SECONDS = 180.0  # "the past few minutes"


@dataclass
class Messages:
    """In chats that the bot is in."""

    world: World
    gateway: Gateway

    async def typing(self, _: Call, place: int) -> Json:
        self.world.enter(place, SEND)

    async def post(self, call: Call, number: int) -> Json:
        place = self.world.enter(number)
        needed = VIEW | (SEND_IN_THREADS if place.parent else SEND) | (ATTACH if call.files else 0)
        self.world.enter(number, needed)
        nonce = call.body.get("nonce")
        sent = self.world.messages.get(self.world.nonces.get((number, str(nonce)), 0))
        if sent and call.body.get("enforce_nonce") and self.world.now() - sent.at < NONCE_SECONDS:
            return self.world.as_json(sent)
        shown = self.world.post(number, call.body, call.files, **self._about(call.body, number))
        if nonce is not None:
            self.world.nonces[number, str(nonce)] = shown.id
        return await self.spread(shown)

    def _about(self, body: Json, place: int) -> dict[str, Json]:
        """Which message it answers. Raises Trouble when that is gone and the call insists."""
        quoted = body.get("message_reference")
        if not quoted:
            return {}
        found = self.world.messages.get(int(quoted["message_id"]))
        if found is not None and found.place == place and not found.is_ephemeral:
            return {"answers": found.id}
        if quoted.get("fail_if_not_exists", True):
            raise Trouble(400, 50035, "Invalid Form Body")
        return {}

    async def spread(self, shown: Shown, event: str = "MESSAGE_CREATE") -> Json:
        """Tell the gateway of a message of our own, as Discord does."""
        told, place = self.world.as_json(shown), self.world.places[shown.place]
        if place.has_bot and not shown.is_ephemeral:
            guild = place.guild.id if place.guild else None
            extra = {"guild_id": str(guild)} if guild else {"channel_type": place.kind}
            needed = GUILD_MESSAGES if guild else DM_MESSAGES
            await self.gateway.tell(event, told | extra, guild=guild, needed=needed)
        return told

    async def get(self, _: Call, place: int, message: int) -> Json:
        self.world.enter(place)
        return self.world.as_json(self.world.present(place, message))

    async def patch(self, call: Call, place: int, message: int) -> Json:
        self.world.enter(place)
        new = self.world.edit(self.world.present(place, message), call.body, call.files)
        return await self.spread(new, "MESSAGE_UPDATE")

    async def delete(self, _: Call, place: int, message: int) -> Json:
        self.world.enter(place)
        self.world.delete(self.world.present(place, message))


@dataclass
class Hooks:
    """Answers to interactions, and what follows them."""

    asks: Asks
    messages: Messages

    async def answer(self, call: Call, number: int, token: str) -> Json:
        told = self.asks.answer(number, token, call.body, call.files)
        asked = self.asks.all[number]
        if asked.answer == 4 and asked.original:
            await self.messages.spread(self.asks.world.messages[asked.original])
        return told if call.query.get("with_response") in {"1", "true"} else None

    async def follow_up(self, call: Call, _: int, token: str) -> Json:
        asked = self.asks.by_token(token)
        shown = self.asks.follow_up(asked, call.body, call.files)
        told = await self.messages.spread(shown, "MESSAGE_UPDATE" if shown.edits else "MESSAGE_CREATE")
        return told if call.query.get("wait") in {"1", "true"} else None

    async def get(self, _: Call, __: int, token: str, which: str | int) -> Json:
        return self.asks.world.as_json(self.asks.mine(self.asks.by_token(token), str(which)))

    async def patch(self, call: Call, _: int, token: str, which: str | int) -> Json:
        shown = self.asks.mine(self.asks.by_token(token), str(which))
        return await self.messages.spread(self.asks.change(shown, call.body, call.files), "MESSAGE_UPDATE")

    async def delete(self, _: Call, __: int, token: str, which: str | int) -> Json:
        self.asks.world.delete(self.asks.mine(self.asks.by_token(token), str(which)))
