"""People, groups and photos for tests, a short way to submit a request, and consistency checks."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import text

from bot.app import Installation
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.platform import Chat, Person
from bot.runtime.clock import WallClock
from bot.services import Services
from storage import balances, ledger
from tests.fakes.dashscope.service import portrait_jpeg

_numbers = count(1)


def a_person(name: str = "") -> Person:
    """A person with a new id, unless `name` is given."""
    return Person("test", name or f"person {next(_numbers)}")


def a_group(name: str = "") -> Chat:
    """A group with a new id, unless `name` is given."""
    return Chat("test", name or f"group {next(_numbers)}", is_group=True)


def a_photo() -> bytes:
    """A JPEG that differs from the last 1,500 or so."""
    number = next(_numbers)
    return portrait_jpeg(300 + number // 50 % 30 * 4, 400, shade=number % 50 * 5)


async def submit_request(
    app: Installation, person: Person, chat: Chat, style: int = 0, **how: Any
) -> JobView | UserError:
    """Submit a request, with a new photo unless one is given. `how`: fields of `JobRequest`, and `saved` (a saved
    style's id) or `reference` (an encoded image)."""
    choice = StyleChoice(style, saved=how.pop("saved", None), picture=how.pop("reference", None))
    how = {"photo": a_photo(), "source": f"test:request:{next(_numbers)}", **how}
    return await app.services.jobs.submit(JobRequest(person, chat, style=choice, **how))


async def access_error(services: Services, person: Person, chat: Chat, *, by_admin: bool = False) -> UserError | None:
    """Why a person may make no request in a chat; None if they may."""
    access = await services.queries.chat_access(person, chat)
    return access.problem(by_admin=by_admin, now=services.clock.now())


def reason(answer: object) -> ErrorCode:
    """The code of an answer that must be an error."""
    assert isinstance(answer, UserError), answer
    return answer.code


@dataclass
class ManualClock:
    """A wall clock that a test sets by assigning `time` (epoch seconds)."""

    time: float

    def clock(self) -> WallClock:
        return WallClock(wall=lambda: self.time)


async def audit(app: Installation) -> None:
    """Assert that sums and rows of all units agree and that every ended job is settled."""
    async with app.services.database.read() as connection:
        assert await ledger.audit(connection) == ()
        assert await balances.audit(connection) == ()
        open_units = await connection.execute(
            text("""
                SELECT j.id FROM ledger r JOIN job j ON j.id = r.job_id
                WHERE r.kind = 'reserve' AND j.state IN ('delivered', 'stored', 'failed', 'canceled')
                  AND NOT EXISTS (
                      SELECT 1 FROM ledger s WHERE s.job_id = r.job_id AND s.scope = r.scope AND s.kind <> 'reserve'
                  )
            """)
        )
        assert open_units.all() == []


async def rows(app: Installation, sql: str, **values: object) -> list[Any]:
    """The rows of an SQL query."""
    async with app.services.database.read() as connection:
        return list((await connection.execute(text(sql), values)).all())


async def stored_keys(app: Installation, person: Person) -> set[str]:
    """The keys of all files stored for a person, from the store itself."""
    found = await rows(
        app,
        "SELECT id FROM person WHERE platform = :platform AND platform_id = :id",
        platform=person.platform,
        id=person.platform_id,
    )
    owners = {str(row.id) for row in found}
    return {key for key in await app.services.photo_intake.photos.keys() if key.split("/")[1] in owners}
