"""What must be true on Discord afterwards, read from outside: the bot's rows, and the messages as people see them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos import audit
from chaos.discord_users import NON_CARD_PREFIXES, DiscordUser, DiscordUsers, is_card
from tests.fakes.discord_api.server import Discord
from tests.fakes.discord_api.shown_messages import Shown

# A call that came late was late on its way, and whose answer was garbled does not know that it came to nothing: no
# misuse, and Discord shows people that they should try again.
LATE_CALL = re.compile(
    r"interaction \d+ was answered after|nobody asked|the token of interaction|webhook was used that nobody"
)
ANSWERED_TWICE = re.compile(r"interaction \d+ was answered twice")
PRIVATE = "private:"
EXTRA_APOLOGIES = 2  # whoever asks again may be told again that it did not work
Requesters = dict[int, int]  # the person who asked, by the number of their message or interaction


def requesters(discord: Discord) -> Requesters:
    """All that anybody has ever asked for."""
    said = {shown.id: shown.author.id for shown in discord.world.messages.values() if not shown.author.bot}
    return said | {asked.id: asked.user.id for asked in discord.asks.all.values()}


def late_responses(discord: Discord) -> int:
    """How many answers came later than Discord takes them."""
    return sum(LATE_CALL.search(breach) is not None for breach in discord.breaches)


def unrecorded_cards(database: Path | str, violations: DiscordUsers) -> set[int]:
    """Cards that the bot knows nothing of: as when it died between sending and noting. Those that only their reader
    sees don't count: what lets us change them ends after a quarter of an hour, and with the process."""
    noted = _recorded_messages(database)
    messages = violations.discord.world.messages.values()
    cards = [shown for shown in messages if shown.author.bot and not shown.is_ephemeral and is_card(shown)]
    return {shown.id for shown in cards if shown.id not in noted}


def violations(
    database: Path | str,
    violations: DiscordUsers,
    unrecorded: set[int],
    allowed_extra: Mapping[int, int],
    *,
    several: bool = False,
) -> Iterator[str]:
    """Everybody has one card for each of their wishes, with its picture. `unrecorded`: cards that may be there beside the
    noted one; `allowed_extra`: messages, by person, whose sending nobody heard of; `several` replicas may each answer what they
    hear while the gateway passes from one to the other, and all but the first are refused."""
    discord, known = violations.discord, KnownCards(_recorded_messages(database), unrecorded, allowed_extra)
    asked, found = requesters(discord), defaultdict[int, list[tuple[str, object]]](list)
    for source, state, request in audit.query(database, _JOBS):
        person = asked.get(int(source.split(":")[1]))
        if person is None:
            yield f"nobody wished for the job {source}"
        else:
            found[person].append((state, request))
    shown = _messages_by_channel(discord)
    for user in violations.all:
        here = [one for place in {user.client.place.id, user.client.dms.place.id} for one in shown[place]]
        yield from _user_violations(user, found[user.client.user.id], here, known)
    breaches = [
        one for one in discord.breaches if not (LATE_CALL.search(one) or (several and ANSWERED_TWICE.search(one)))
    ]
    yield from (f"Discord was misused: {breach}" for breach in breaches)


_JOBS = """
    SELECT source, state, CASE WHEN album_id IS NULL THEN -id ELSE album_id END FROM job
    WHERE source LIKE 'discord:%'
"""


@dataclass(frozen=True)
class KnownCards:
    """The messages that are a card as the bot knows it, those that may be there beside it, and how many more."""

    noted: set[int]
    unrecorded: set[int]
    allowed_extra: Mapping[int, int]


def _user_violations(
    user: DiscordUser, jobs: list[tuple[str, object]], shown: list[Shown], known: KnownCards
) -> Iterator[str]:
    requests, painted = len({request for _, request in jobs}), sum(state == "delivered" for state, _ in jobs)
    allowed_extra, words = known.allowed_extra.get(user.client.user.id, 0), [one.text[:60] for one in shown]
    if not requests or painted < len(jobs):
        yield f"{user.name} has {painted} pictures of {len(jobs)}, in {requests} requests: {words}"
    cards = [one for one in shown if is_card(one)]
    mine = [card for card in cards if card.id in known.noted]
    strange = [one for one in cards if one.id not in known.noted | known.unrecorded and not one.is_ephemeral]
    if len(mine) != requests or len(strange) > allowed_extra:
        yield f"{user.name} has {len(cards)} cards for {requests} requests, {len(mine)} of them noted: {words}"
    pictures = sum(len(card.files) for card in mine)
    if pictures != painted:
        yield f"{user.name} sees {pictures} pictures of {painted}: {words}"
    told = Counter(begun for one in shown for begun in NON_CARD_PREFIXES if one.text.startswith(begun))
    yield from (
        f"{user.name} was told {n} times: {w}"
        for w, n in told.items()
        if n > requests + allowed_extra + EXTRA_APOLOGIES
    )


def _recorded_messages(database: Path | str) -> set[int]:
    """The messages that are a card as the bot knows it."""
    asked = "SELECT CASE WHEN a.id IS NULL THEN j.message_id ELSE a.message_id END"
    found = audit.query(database, f"{asked} FROM job j LEFT JOIN album a ON a.id = j.album_id")
    return {int(name.removeprefix(PRIVATE)) for (name,) in found if name is not None}


def _messages_by_channel(discord: Discord) -> defaultdict[int, list[Shown]]:
    found = defaultdict[int, list[Shown]](list)
    for _, one in sorted(discord.world.messages.items()):
        if one.author.bot:
            found[one.place].append(one)
    return found
