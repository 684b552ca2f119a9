"""The two calls of a temporary upload: the policy, and the form posted with it."""

from dataclasses import dataclass
from itertools import takewhile

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message

from stylizer.auth_and_limits import MAX_FORM, AuthAndLimits, read_body
from stylizer.errors import MODEL_NOT_FOUND, Refused, invalid_parameter
from stylizer.results import site
from stylizer.settings import BASE_PATH, MODEL
from stylizer.uploads import UploadRefused, Uploads, too_large

FORM_PATH = "/oss"


@dataclass(frozen=True)
class UploadApi:
    """The handlers and their dependencies."""

    uploads: Uploads
    auth: AuthAndLimits

    def routes(self) -> list[BaseRoute]:
        """The policy is part of the API; the form is posted to the address in the policy."""
        return [
            *[Route(f"{BASE_PATH}/uploads{end}", self.policy) for end in ("", "/")],
            *[Route(FORM_PATH + end, self.form, methods=["POST"]) for end in ("", "/")],
        ]

    async def policy(self, request: Request) -> Response:
        """A signed policy for a folder of the caller's own."""
        account = self.auth.authenticate(request, self.auth.policies)
        if request.query_params.get("action") != "getPolicy":
            raise Refused(invalid_parameter("action"))
        if not request.query_params.get("model"):
            raise Refused(invalid_parameter("model"))
        if request.query_params["model"] != MODEL:
            raise Refused(MODEL_NOT_FOUND)
        host = site(request, self.uploads.settings) + FORM_PATH
        return JSONResponse({"request_id": self.uploads.new_id(), "data": self.uploads.policy(account, host)})

    async def form(self, request: Request) -> Response:
        """Store a file. As with the real storage, `file` is the last field and what follows it is ignored."""
        try:
            form = await _parsed(request, await read_body(request, MAX_FORM))
        except Refused as error:
            raise too_large() from error
        except HTTPException as error:
            raise UploadRefused(
                400, "MalformedPOSTRequest", "The body of your POST request is not well-formed."
            ) from error
        before = takewhile(lambda item: item[0] != "file", form.multi_items())
        fields = {name: value for name, value in before if isinstance(value, str)}
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise UploadRefused(400, "InvalidArgument", "POST requires exactly one file upload per request.")
        data = await file.read()
        await form.close()
        await self.uploads.accept(fields, data)
        return Response(status_code=200 if fields.get("success_action_status") == "200" else 204)


async def _parsed(request: Request, body: bytes) -> FormData:
    """The form in a body that was already read, so its size is limited."""

    async def replay() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return await Request(request.scope, replay).form(max_files=1, max_fields=30)
