"""What the page's server answers: the page, and JSON of the exhibit."""

from __future__ import annotations

import base64
from importlib.resources import files

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fq_hw.errors import FqHwError, SimulationError
from fq_hw.flow.exhibit import Exhibit, Look
from fq_hw.serve.guard import Guard, refusal

__all__ = ["MOST_BYTES", "application"]

MOST_BYTES = 16 * 2**20  # of a picture: a camera's own have less
ASSETS = {  # all that there is; a path is no name of a file
    "/": ("page.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/script.js": ("script.js", "text/javascript; charset=utf-8"),
    "/draw.js": ("draw.js", "text/javascript; charset=utf-8"),
    "/layers.js": ("layers.js", "text/javascript; charset=utf-8"),
}


def application(exhibit: Exhibit, hosts: tuple[str, ...], token: str) -> Guard:
    """The server's application, guarded."""
    handlers = Handlers(exhibit)
    routes = [Route(path, asset, methods=["GET"]) for path in ASSETS]
    routes += [
        Route("/api/network", handlers.network, methods=["GET"]),
        Route("/api/hardware", handlers.hardware, methods=["GET"]),
        Route("/api/look", handlers.look, methods=["POST"]),
        Route("/api/example", handlers.example, methods=["POST"]),
        Route("/api/simulate/{look:int}", handlers.simulate, methods=["POST"]),
        Route("/api/board/{look:int}", handlers.board, methods=["POST"]),
        Route("/api/tensor/{look:int}/{number:int}/{first:int}", handlers.tensor, methods=["GET"]),
    ]
    expected = {FqHwError: expected_error, HTTPException: http_error}
    app = Starlette(routes=routes, exception_handlers=expected)
    app.router.redirect_slashes = False
    public = tuple(path for path in ASSETS if path != "/")
    return Guard(app=app, hosts=hosts, token=token, public=public)


async def asset(request: Request) -> Response:
    """A file of the page."""
    name, kind = ASSETS[request.url.path]
    content = files("fq_hw.serve").joinpath("page", name).read_bytes()
    return Response(content, media_type=kind)


async def expected_error(request: Request, error: Exception) -> Response:
    """What is wrong with what came, in one line; 409 where hardware and model do not agree."""
    return refusal(409 if isinstance(error, SimulationError) else 422, str(error))


async def http_error(request: Request, error: Exception) -> Response:
    """A path or a method that is not there."""
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, error.detail)


async def body(request: Request) -> bytes:
    """The picture in a request; one that is too large is not read to its end."""
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > MOST_BYTES:
        raise HTTPException(413, f"a picture has at most {MOST_BYTES:,} bytes")
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MOST_BYTES:
                raise HTTPException(413, f"a picture has at most {MOST_BYTES:,} bytes")
    except ClientDisconnect as error:
        raise HTTPException(400, "the picture did not come to its end") from error
    if not content:
        raise HTTPException(400, "there is no picture in the request")
    return bytes(content)


class Handlers:
    """One method for each path."""

    def __init__(self, exhibit: Exhibit):
        self.exhibit = exhibit

    async def network(self, request: Request) -> Response:
        """Name, classes, tensors."""
        return JSONResponse(self.exhibit.network())

    async def hardware(self, request: Request) -> Response:
        """How far the simulated hardware is, and its cycles when they are known."""
        progress = self.exhibit.progress.data()
        return JSONResponse({"progress": progress, "cycles": self.exhibit.cycles()})

    async def look(self, request: Request) -> Response:
        """Show the picture that is the request's body."""
        content = await body(request)
        return answer(await run_in_threadpool(self.exhibit.look, content))

    async def example(self, request: Request) -> Response:
        """Show a test image."""
        look, truth = await run_in_threadpool(self.exhibit.example)
        return answer(look, truth)

    async def simulate(self, request: Request) -> Response:
        """Send a picture that was shown through the Verilog."""
        look = self.exhibit.find(request.path_params["look"])
        return JSONResponse(await run_in_threadpool(self.exhibit.simulate, look))

    async def board(self, request: Request) -> Response:
        """Send a picture that was shown to the board."""
        look = self.exhibit.find(request.path_params["look"])
        return JSONResponse(await run_in_threadpool(self.exhibit.ask, look))

    async def tensor(self, request: Request) -> Response:
        """Channels of a tensor: 64-bit integers, little-endian, in base64; C,H,W."""
        numbers = request.path_params
        look = self.exhibit.find(numbers["look"])
        found = self.exhibit.tensor(look, numbers["number"], numbers["first"])
        packed = np.ascontiguousarray(found["values"]).astype("<i8").tobytes()
        return JSONResponse(found | {"values": base64.b64encode(packed).decode()})


def answer(look: Look, truth: str | None = None) -> Response:
    """What the golden model says."""
    return JSONResponse({"look": look.number, "truth": truth, "golden": look.seen.data()})
