"""People, groups and requests for tests, and checks that nothing was lost."""

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
    """A new person, unless named."""
    return Person("test", name or f"person {next(_numbers)}")


def a_group(name: str = "") -> Chat:
    """A new group, unless named."""
    return Chat("test", name or f"group {next(_numbers)}", is_group=True)


def a_photo() -> bytes:
    """A photo that differs from the last 1,500."""
    number = next(_numbers)
    return portrait_jpeg(300 + number // 50 % 30 * 4, 400, shade=number % 50 * 5)


async def submit_request(
    app: Installation, person: Person, chat: Chat, style: int = 0, **how: Any
) -> JobView | UserError:
    """One more request, with a photo of its own unless one is given. `how`: fields of `JobRequest`, and `saved` or
    `reference` for what it is to be painted like."""
    choice = StyleChoice(style, saved=how.pop("saved", None), picture=how.pop("reference", None))
    how = {"photo": a_photo(), "source": f"test:wish:{next(_numbers)}", **how}
    return await app.services.jobs.submit(JobRequest(person, chat, style=choice, **how))


async def access_error(services: Services, person: Person, chat: Chat, *, by_admin: bool = False) -> UserError | None:
    """Why somebody can't ask in a chat at all, if so."""
    access = await services.queries.chat_access(person, chat)
    return access.problem(by_admin=by_admin, now=services.clock.now())


def reason(answer: object) -> ErrorCode:
    """Why not."""
    assert isinstance(answer, UserError), answer
    return answer.code


@dataclass
class ManualClock:
    """The time of a wall clock, which a test sets."""

    time: float

    def clock(self) -> WallClock:
        return WallClock(wall=lambda: self.time)


async def audit(app: Installation) -> None:
    """Check that sums and rows of all units agree, and that every job that has ended is settled."""
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
    """The rows of a query."""
    async with app.services.database.read() as connection:
        return list((await connection.execute(text(sql), values)).all())


async def stored_keys(app: Installation, person: Person) -> set[str]:
    """The keys of everything that the photo store keeps for a person."""
    found = await rows(
        app,
        "SELECT id FROM person WHERE platform = :platform AND platform_id = :id",
        platform=person.platform,
        id=person.platform_id,
    )
    owners = {str(row.id) for row in found}
    return {key for key in await app.services.photo_intake.photos.keys() if key.split("/")[1] in owners}
