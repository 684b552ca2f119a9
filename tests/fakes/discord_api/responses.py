"""How calls of Discord's API are written, and its answers."""

import json
from typing import Any

from aiohttp import web

from tests.fakes.discord_api.faults import Response
from tests.fakes.discord_api.limits import Uploads
from tests.fakes.discord_api.objects import User

Json = Any


async def read_body(request: web.Request) -> tuple[Json, Uploads]:
    """What a call says and uploads, whichever form it has."""
    if request.content_type != "multipart/form-data":
        text = await request.text()
        return (json.loads(text) if text else {}), {}
    fields, files, said = await request.post(), {}, {}
    for name, value in fields.items():
        if isinstance(value, web.FileField):
            files[int(name.removeprefix("files[").removesuffix("]"))] = (value.filename, value.file.read())
        elif name == "payload_json" and isinstance(value, str):
            said = json.loads(value)
    return said, files


def to_web_response(answer: Response) -> web.Response:
    """What goes back."""
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, text=answer.body, content_type="text/html")
    if answer.status == 204:
        return web.Response(status=204, headers=answer.headers)
    headers = {**answer.headers, "Content-Type": "application/json"}  # without a charset, as Discord: clients compare
    return web.Response(status=answer.status, body=json.dumps(answer.body).encode(), headers=headers)


def drop_connection(request: web.Request) -> web.Response:
    """Nothing: the connection is gone."""
    if request.transport:
        request.transport.close()
    return web.Response()


def application_json(bot: User, owner: User) -> Json:
    """What a bot is told of its own account."""
    told: Json = {"id": str(bot.id), "name": bot.name, "icon": None, "description": "", "type": None, "team": None}
    told |= {"owner": owner.as_json(), "bot": bot.as_json(), "verify_key": "0" * 64, "flags": 0, "flags_new": "0"}
    told |= {"bot_public": True, "bot_require_code_grant": False, "explicit_content_filter": 0, "redirect_uris": []}
    told |= {f"approximate_{what}_count": 1 for what in ("guild", "user_install", "user_authorization")}
    told |= {"interactions_endpoint_url": None, "role_connections_verification_url": None}
    return told | {"eligible_oauth2_scopes": []}
