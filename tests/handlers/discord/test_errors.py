"""Every code of Discord's with which a card can be refused, and what it means for the next way.

The codes are those of "Opcodes and Status Codes" in Discord's documentation that a message's call can meet.
"""

from types import SimpleNamespace
from typing import Any

import pytest
from discord import DiscordServerError, Forbidden, HTTPException, NotFound

from bot.messaging.platform import Refusal, Refused, TryLater
from handlers.discord.errors import (
    EXPIRED,
    MISSING_PERMISSIONS,
    NOT_NOW,
    REFUSALS,
    TOO_LARGE,
    FileTooLarge,
    InteractionExpired,
    translated_errors,
)

KINDS: dict[int, type[HTTPException]] = {403: Forbidden, 404: NotFound, 503: DiscordServerError}


def error(status: int, code: int, content_type: str = "application/json") -> HTTPException:
    response: Any = SimpleNamespace(status=status, reason="", headers={"Content-Type": content_type})
    return KINDS.get(status, HTTPException)(response, {"code": code, "message": "refused"})


def translation(raised: HTTPException, *, has_files: bool = False) -> Exception:
    with pytest.raises(Exception) as found, translated_errors(has_files=has_files):  # its type is tested
        raise raised
    return found.value


REFUSED = (
    (404, 10003, Refusal.CHAT),
    (404, 10004, Refusal.CHAT),
    (404, 10007, Refusal.CHAT),
    (404, 10008, Refusal.MESSAGE),
    (404, 10013, Refusal.CHAT),
    (400, 20009, Refusal.FILES),
    (400, 20024, Refusal.CHAT),
    (403, 40007, Refusal.CHAT),
    (400, 40058, Refusal.CHAT),
    (403, 50001, Refusal.CHAT),
    (403, 50003, Refusal.CHAT),
    (403, 50005, Refusal.MESSAGE),
    (403, 50007, Refusal.CHAT),
    (400, 50008, Refusal.CHAT),
    (403, 50009, Refusal.CHAT),
    (403, 50013, Refusal.CHAT),
    (403, 50021, Refusal.MESSAGE),
    (400, 50024, Refusal.CHAT),
    (400, 50033, Refusal.CHAT),
    (400, 50046, Refusal.FILES),
    (400, 50083, Refusal.MESSAGE),
    (403, 50095, Refusal.CHAT),
    (403, 50178, Refusal.CHAT),
    (403, 50278, Refusal.CHAT),
    (401, 60003, Refusal.CHAT),
    (400, 160002, Refusal.CHAT),
    (400, 160005, Refusal.CHAT),
    (400, 200000, Refusal.MESSAGE),
    (400, 240000, Refusal.MESSAGE),
    (403, 400001, Refusal.FILES),
    (400, 50035, Refusal.UNKNOWN),
    (403, 999_999, Refusal.UNKNOWN),
    (404, 0, Refusal.UNKNOWN),
)
LATER = (
    *((429, code) for code in (20016, 20022, 20028, 20029, 40062)),
    *((400, code) for code in (20016, 30046, 40003, 40004, 40006, 40043, 110001)),
    (503, 130000),
    (503, 0),
)
LARGE = ((413, 0), (413, 40005), (400, 50045))
ENDED = ((404, 10015), (404, 10062), (401, 50027), (400, 40094))


def test_every_code_that_is_known_has_a_row() -> None:
    assert {code for _, code, refusal in REFUSED if refusal is not Refusal.UNKNOWN} == {*REFUSALS, MISSING_PERMISSIONS}
    assert {code for _, code in LATER} == {*NOT_NOW, 0}
    assert {code for _, code in LARGE} == {*TOO_LARGE, 0}
    assert {code for _, code in ENDED} == EXPIRED


@pytest.mark.parametrize(("status", "code", "refusal"), REFUSED)
def test_every_code_of_a_refusal_has_its_kind(status: int, code: int, refusal: Refusal) -> None:
    found = translation(error(status, code))
    assert isinstance(found, Refused)
    assert found.refusal is refusal


def test_a_missing_permission_may_be_that_for_files() -> None:
    found = translation(error(403, 50013), has_files=True)
    assert isinstance(found, Refused)
    assert found.refusal is Refusal.FILES


@pytest.mark.parametrize(("status", "code"), LATER)
def test_what_passes_by_itself_is_tried_later(status: int, code: int) -> None:
    assert isinstance(translation(error(status, code)), TryLater)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_page_of_something_in_between_is_no_refusal_of_discord(status: int) -> None:
    assert isinstance(translation(error(status, 0, "text/html; charset=utf-8")), TryLater)


@pytest.mark.parametrize(("status", "code"), LARGE)
def test_a_file_that_is_too_large_is_made_smaller(status: int, code: int) -> None:
    assert isinstance(translation(error(status, code)), FileTooLarge)


@pytest.mark.parametrize(("status", "code"), ENDED)
def test_an_interaction_ends(status: int, code: int) -> None:
    assert isinstance(translation(error(status, code)), InteractionExpired)
