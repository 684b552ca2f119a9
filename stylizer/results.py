"""Finished pictures by signed link: `/results/<task>_style<index>.jpg?Expires=…&Signature=…`, for 24 hours."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from stylizer.file_store import Shelf
from stylizer.settings import StylizerSettings
from stylizer.signing import opens, signed_query
from stylizer.tasks import Task
from stylizer.xml_errors import xml_error


@dataclass(frozen=True)
class Results:
    """Makes the links and answers them. `now` in milliseconds since the epoch."""

    settings: StylizerSettings
    shelf: Shelf
    secret: bytes
    now: Callable[[], int]

    def routes(self) -> list[BaseRoute]:
        """Results live beside the API, not in it: no key is asked, the signature is enough."""
        return [Route("/results/{name}", self.show)]

    def link(self, request: Request, task: Task) -> str | None:
        """The link to a task's result, which dies with the task; None when there is no result."""
        if task.result is None:
            return None
        expires = task.submitted // 1000 + self.settings.task_life
        return f"{site(request, self.settings)}/{task.result}?{signed_query(self.secret, task.result, expires)}"

    async def show(self, request: Request) -> Response:
        """The JPEG, to whoever holds a link that is still alive."""
        name = f"results/{request.path_params['name']}"
        expires, given = (request.query_params.get(part, "") for part in ("Expires", "Signature"))
        if not opens(self.secret, name, expires, given, self.now() / 1000):
            return xml_error(403, "AccessDenied", "The signature does not fit, or the request has expired.")
        picture = await self.shelf.get(name)
        if picture is None:
            return xml_error(404, "NoSuchKey", "The specified key does not exist.")
        return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


def site(request: Request, settings: StylizerSettings) -> str:
    """Where links begin: the public address if there is one, else wherever this request came in."""
    return (settings.public_url or str(request.base_url)).rstrip("/")
