"""Finished pictures by signed link: `/results/<task>_style<index>.jpg?Expires=…&Signature=…`, for 24 hours."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from stylizer.file_store import FileStore
from stylizer.settings import StylizerSettings
from stylizer.signing import is_valid_link, signed_query
from stylizer.tasks import Task
from stylizer.xml_errors import xml_error


@dataclass(frozen=True)
class Results:
    """Creates the links and serves them. `now` returns milliseconds since the epoch."""

    settings: StylizerSettings
    files: FileStore
    secret: bytes
    now: Callable[[], int]

    def routes(self) -> list[BaseRoute]:
        """Results are outside the API: no key is required, the signature suffices."""
        return [Route("/results/{name}", self.show)]

    def link(self, request: Request, task: Task) -> str | None:
        """The link to a task's result, which expires with the task; None when there is no result."""
        if task.result is None:
            return None
        expires = task.submitted // 1000 + self.settings.task_life
        return f"{site(request, self.settings)}/{task.result}?{signed_query(self.secret, task.result, expires)}"

    async def show(self, request: Request) -> Response:
        """The JPEG, for anyone with a link that has not expired."""
        name = f"results/{request.path_params['name']}"
        expires, given = (request.query_params.get(part, "") for part in ("Expires", "Signature"))
        if not is_valid_link(self.secret, name, expires, given, self.now() / 1000):
            return xml_error(403, "AccessDenied", "The signature does not fit, or the request has expired.")
        picture = await self.files.get(name)
        if picture is None:
            return xml_error(404, "NoSuchKey", "The specified key does not exist.")
        return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


def site(request: Request, settings: StylizerSettings) -> str:
    """The start of our links: the public URL if one is set, else the address of this request."""
    return (settings.public_url or str(request.base_url)).rstrip("/")
