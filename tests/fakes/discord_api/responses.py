"""Reads API requests and writes API responses."""

import json
from typing import Any

from aiohttp import web

from tests.fakes.discord_api.faults import Response
from tests.fakes.discord_api.limits import Uploads
from tests.fakes.discord_api.objects import User

Json = Any


async def read_body(request: web.Request) -> tuple[Json, Uploads]:
    """The JSON body and the uploaded files, from either content type."""
    if request.content_type != "multipart/form-data":
        text = await request.text()
        return (json.loads(text) if text else {}), {}
    fields, files, body = await request.post(), {}, {}
    for name, value in fields.items():
        if isinstance(value, web.FileField):
            files[int(name.removeprefix("files[").removesuffix("]"))] = (value.filename, value.file.read())
        elif name == "payload_json" and isinstance(value, str):
            body = json.loads(value)
    return body, files


def to_web_response(response: Response) -> web.Response:
    """The response for aiohttp. Text is the page of something in front of Discord, without Discord's own headers."""
    if isinstance(response.body, str):
        headers = {name: value for name, value in response.headers.items() if name == "Retry-After"}
        return web.Response(status=response.status, text=response.body, headers=headers, content_type="text/html")
    if response.status == 204:
        return web.Response(status=204, headers=response.headers)
    headers = {
        **response.headers,
        "Content-Type": "application/json",
    }  # like Discord, without a charset: clients compare the whole value
    return web.Response(status=response.status, body=json.dumps(response.body).encode(), headers=headers)


def drop_connection(request: web.Request) -> web.Response:
    """Close the connection without a response."""
    if request.transport:
        request.transport.close()
    return web.Response()


def application_json(bot: User, owner: User) -> Json:
    """The bot's own application."""
    body: Json = {"id": str(bot.id), "name": bot.name, "icon": None, "description": "", "type": None, "team": None}
    body |= {"owner": owner.as_json(), "bot": bot.as_json(), "verify_key": "0" * 64, "flags": 0, "flags_new": "0"}
    body |= {"bot_public": True, "bot_require_code_grant": False, "explicit_content_filter": 0, "redirect_uris": []}
    body |= {f"approximate_{what}_count": 1 for what in ("guild", "user_install", "user_authorization")}
    body |= {"interactions_endpoint_url": None, "role_connections_verification_url": None}
    return body | {"eligible_oauth2_scopes": []}
