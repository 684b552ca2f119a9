"""Which keys belong together at the API. Pure.

The task list names, for every task, the main account and the key that created it. So the keys' ids are learned from
tasks that we know from our attempts, and two keys belong to one main account if the list says so, or if one and the
same task is in the lists of both.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.dashscope.wire import ListedTask
from storage.accounts import Account

_SHOWN_CHARS = 4
_SHORT_KEY_CHARS = 12  # of a shorter key, four characters would reveal too much


@dataclass(frozen=True)
class Identity:
    """What the API calls a key, and the main account that it belongs to; None: not known."""

    key_id: str | None
    main_id: str | None


def learned(
    listed: Sequence[ListedTask], owners: Mapping[str, str], reader: str, known: Mapping[str, Identity]
) -> dict[str, Identity]:
    """The identities that a page of the list teaches or changes, by account id.

    `owners`: which of our accounts created a task, for those that we know; `reader`: the account whose key has read the
    page; `known`: what was known before. Where the page contradicts itself, nothing is learned from it.
    """
    seen = {reader, *owners.values()}
    main_id = _only(task.caller_parent_id for task in listed)
    if main_id is None and len(seen) > 1 and not any(task.caller_parent_id for task in listed):
        main_id = common_main_id({name: identity.main_id for name, identity in known.items() if name in seen})
    found = {}
    for name in seen:
        before = known.get(name, Identity(None, None))
        key_id = _only(task.api_key_id for task in listed if owners.get(task.task_id) == name)
        now = Identity(key_id or before.key_id, main_id or before.main_id)
        if now != before:
            found[name] = now
    return found


def common_main_id(main_ids: Mapping[str, str | None]) -> str:
    """One name for the main account of these keys, by account id, where the API has not said its own."""
    return min((main_id for main_id in main_ids.values() if main_id), default=f"as:{min(main_ids)}")


def leader(members: Iterable[Account], present: Sequence[str]) -> str | None:
    """Which of the keys that share limits is used: the first that isn't paused, in the order of the settings; while all
    are, the one that is to be tried first.

    `present`: the ids of the accounts whose keys we have, in that order. None: we have none of them.
    """
    ours = sorted((account for account in members if account.id in present), key=lambda one: present.index(one.id))
    let_in = [account for account in ours if account.paused_reason is None]
    chosen = let_in[0] if let_in else min(ours, key=lambda account: account.open_until, default=None)
    return None if chosen is None else chosen.id


def possible_authors(account: Account, every: Iterable[Account]) -> frozenset[str]:
    """The accounts that may have created a task that carries this account's key id: itself, and all whose key is not
    known to be another one."""
    ids = {account.key_id, None}
    return frozenset({account.id, *(other.id for other in every if account.key_id is None or other.key_id in ids)})


def key_name(key: str) -> str | None:
    """What an owner knows a key by, such as `key …4f2a`; None for a key that is too short to show any of it."""
    return f"key …{key[-_SHOWN_CHARS:]}" if len(key) >= _SHORT_KEY_CHARS else None


def display_names(accounts: Collection[Account]) -> dict[str, str]:
    """What to call each account where an owner reads it: by its key's name, with its id where two have the same."""
    names = [account.name for account in accounts]
    return {
        account.id: account.id
        if account.name is None
        else account.name
        if names.count(account.name) == 1
        else f"{account.name} ({account.id})"
        for account in accounts
    }


def _only(values: Iterable[str]) -> str | None:
    """The one value that occurs, apart from empty ones; None when there is none, or several."""
    found = set(values) - {""}
    return found.pop() if len(found) == 1 else None
