"""The server says when it answers, and stops when it is told to."""

import asyncio
import socket

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from common.http_server import serve


def config(port: int = 0) -> uvicorn.Config:
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])
    return uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_config=None)


async def test_requests_are_answered_from_ready_until_stop() -> None:
    stop, ready = asyncio.Event(), asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(serve(config(), stop, listener=listener, ready=ready.set))
        await ready.wait()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as http:
            assert (await http.get("/")).text == "here"
        stop.set()
        await serving


async def test_a_cancelled_server_has_stopped_serving() -> None:
    ready = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(serve(config(), asyncio.Event(), listener=listener, ready=ready.set))
        await ready.wait()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert len(asyncio.all_tasks()) == 1
