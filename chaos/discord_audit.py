"""The invariants on Discord, checked from outside: against the bot's database and the messages as users see them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos import audit
from chaos.discord_users import NON_CARD_PREFIXES, DiscordUser, DiscordUsers, is_card
from tests.fakes.discord_api.server import DiscordServer
from tests.fakes.discord_api.shown_messages import Message

# A late call was delayed on its way, and after a garbled response the bot cannot know that the call failed: neither is
# API misuse, and Discord tells users to try again.
LATE_CALL = re.compile(
    r"interaction \d+ was answered after|interaction \d+ is unknown|the token of interaction|unknown webhook token"
)
ANSWERED_TWICE = re.compile(r"interaction \d+ was answered twice")
PRIVATE = "private:"
EXTRA_APOLOGIES = 2  # a user who tries again may be told again that it failed
Requesters = dict[int, int]  # user id, by the id of the message or interaction


def requesters(discord: DiscordServer) -> Requesters:
    """The author of every message and interaction, by its id."""
    messages = {shown.id: shown.author.id for shown in discord.state.messages.values() if not shown.author.bot}
    return messages | {interaction.id: interaction.user.id for interaction in discord.interactions.all.values()}


def late_responses(discord: DiscordServer) -> int:
    """The number of responses that came later than Discord accepts them."""
    return sum(LATE_CALL.search(breach) is not None for breach in discord.violations)


def unrecorded_cards(database: Path | str, users: DiscordUsers) -> set[int]:
    """Cards that the bot has not recorded, as when it died between sending and recording. Ephemeral ones do not
    count: the token to edit them expires after 15 minutes, and is lost with the process."""
    recorded = _recorded_messages(database)
    messages = users.discord.state.messages.values()
    cards = [shown for shown in messages if shown.author.bot and not shown.is_ephemeral and is_card(shown)]
    return {shown.id for shown in cards if shown.id not in recorded}


def violations(
    database: Path | str,
    users: DiscordUsers,
    unrecorded: set[int],
    allowed_extra: Mapping[int, int],
    *,
    several: bool = False,
) -> Iterator[str]:
    """Every user has one card per request, with its picture. `unrecorded`: cards that may appear beside the recorded
    one. `allowed_extra`: by user, messages whose sending was not confirmed. With `several` replicas each may answer
    an event while the gateway passes from one to the other; all but the first answer are refused."""
    discord, known = users.discord, KnownCards(_recorded_messages(database), unrecorded, allowed_extra)
    authors, jobs = requesters(discord), defaultdict[int, list[tuple[str, object]]](list)
    for source, state, request in audit.query(database, _JOBS):
        author = authors.get(int(source.split(":")[1]))
        if author is None:
            yield f"job {source} belongs to no request"
        else:
            jobs[author].append((state, request))
    shown = _messages_by_channel(discord)
    for user in users.all:
        messages = [one for place in {user.client.channel.id, user.client.in_dm.channel.id} for one in shown[place]]
        yield from _user_violations(user, jobs[user.client.user.id], messages, known)
    breaches = [
        one for one in discord.violations if not (LATE_CALL.search(one) or (several and ANSWERED_TWICE.search(one)))
    ]
    yield from (f"Discord API misuse: {breach}" for breach in breaches)


_JOBS = """
    SELECT source, CASE WHEN state = 'failed' AND error_code = 'ambiguous' THEN 'unproven' ELSE state END,
        CASE WHEN album_id IS NULL THEN -id ELSE album_id END
    FROM job WHERE source LIKE 'discord:%'
"""


@dataclass(frozen=True)
class KnownCards:
    """The recorded card messages, those that may appear beside them, and how many more are allowed by user."""

    recorded: set[int]
    unrecorded: set[int]
    allowed_extra: Mapping[int, int]


def _user_violations(
    user: DiscordUser, jobs: list[tuple[str, object]], shown: list[Message], known: KnownCards
) -> Iterator[str]:
    requests, delivered = len({request for _, request in jobs}), sum(state == "delivered" for state, _ in jobs)
    allowed_extra, words = known.allowed_extra.get(user.client.user.id, 0), [one.text[:60] for one in shown]
    unproven = sum(state == "unproven" for state, _ in jobs)  # told so; see `audit.count_unproven_submits`
    if not requests or delivered + unproven < len(jobs):
        yield f"{user.name} has {delivered} pictures of {len(jobs)}, in {requests} requests: {words}"
    cards = [one for one in shown if is_card(one)]
    recorded = [card for card in cards if card.id in known.recorded]
    unknown = [one for one in cards if one.id not in known.recorded | known.unrecorded and not one.is_ephemeral]
    if len(recorded) != requests or len(unknown) > allowed_extra:
        yield f"{user.name} has {len(cards)} cards for {requests} requests, {len(recorded)} of them recorded: {words}"
    pictures = sum(len(card.files) - (card.samples is not None) for card in recorded)
    if pictures != delivered:
        yield f"{user.name} sees {pictures} pictures of {delivered}: {words}"
    notices = Counter(prefix for one in shown for prefix in NON_CARD_PREFIXES if one.text.startswith(prefix))
    yield from (
        f"{user.name} was sent {n} times: {prefix}"
        for prefix, n in notices.items()
        if n > requests + allowed_extra + EXTRA_APOLOGIES
    )


def _recorded_messages(database: Path | str) -> set[int]:
    """The ids of the messages that the bot has recorded as a card."""
    sql = "SELECT CASE WHEN a.id IS NULL THEN j.message_id ELSE a.message_id END"
    found = audit.query(database, f"{sql} FROM job j LEFT JOIN album a ON a.id = j.album_id")
    return {int(name.removeprefix(PRIVATE)) for (name,) in found if name is not None}


def _messages_by_channel(discord: DiscordServer) -> defaultdict[int, list[Message]]:
    found = defaultdict[int, list[Message]](list)
    for _, one in sorted(discord.state.messages.items()):
        if one.author.bot:
            found[one.channel_id].append(one)
    return found
