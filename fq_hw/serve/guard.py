"""Who may speak to the page's server: the page that it gave out itself, in this run, nobody else.

It listens on loopback, but every page of the web that is open in a browser there can send requests
to loopback too. So the Host must be our address (a name that an attacker points at 127.0.0.1 is
none), a request that changes something must come from our own page (Origin), and each must carry
the token of this run, which stands in the link that the command prints.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADERS", "TOKEN", "Guard", "refusal"]

TOKEN = "x-fq-hw-token"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
SAFE = ("GET", "HEAD")
LONGEST_PATH = 100  # characters; ours have 30


def refusal(status: int, message: str) -> JSONResponse:
    """An answer that says no, and why."""
    return JSONResponse({"error": message}, status_code=status)


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Lets requests of our own page through to ``app``; every answer gets ``HEADERS``.

    hosts   the names, with the port, under which we are called
    token   what each request must know, in the header ``TOKEN`` or, of the page, as ?token=
    public  paths that need no token: what they give is in the wheel
    """

    app: ASGIApp
    hosts: tuple[str, ...]
    token: str
    public: tuple[str, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: as Starlette calls it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":  # the start and the end of the server
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        answer = self.judge(scope) or self.app
        await answer(scope, receive, guarded)

    def judge(self, scope: Scope) -> JSONResponse | None:
        """Why a request is refused; None where it is not."""
        headers = Headers(scope=scope)
        if headers.getlist("host") not in [[host] for host in self.hosts]:
            return refusal(421, f"Host must be {' or '.join(self.hosts)}")
        if len(scope["path"]) > LONGEST_PATH:
            return refusal(414, f"a path has at most {LONGEST_PATH} characters")
        origins, safe = headers.getlist("origin"), scope["method"] in SAFE
        came_from_us = origins in ([], [f"http://{headers['host']}"]) and (safe or origins)
        opened = safe and scope["path"] == "/"  # a link to the page may stand anywhere
        site = headers.get("sec-fetch-site", "none")
        if not came_from_us or not (opened or site in ("none", "same-origin")):
            return refusal(403, "the request must come from the page of this server")
        if scope["path"] in self.public or any(map(self.known, self.tokens(scope, headers))):
            return None
        return refusal(
            403, "the token of this run is missing: open the link that fq-hw serve printed"
        )

    def tokens(self, scope: Scope, headers: Headers) -> Iterable[str]:
        """The tokens that a request carries."""
        yield from headers.getlist(TOKEN)
        if scope["path"] == "/":
            yield from QueryParams(scope["query_string"]).getlist("token")

    def known(self, token: str) -> bool:
        """Whether it is ours; no time tells how much of it was right."""
        return hmac.compare_digest(token.encode(), self.token.encode())
