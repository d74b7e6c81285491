"""Start the page's server on loopback."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn

from fq_hw.errors import ToolError, require
from fq_hw.flow.exhibit import Exhibit
from fq_hw.serve.app import application

__all__ = ["Address", "open_port", "serve"]

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Address:
    """A socket that listens on loopback, and the token of this run."""

    listener: socket.socket
    token: str

    @property
    def port(self) -> int:
        """Of the socket."""
        return self.listener.getsockname()[1]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names under which a browser calls it."""
        return f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"

    @property
    def link(self) -> str:
        """What to open."""
        return f"http://{LOOPBACK}:{self.port}/?token={self.token}"


def open_port(port: int) -> Address:
    """Listen on ``port`` of loopback, on a free one where it is 0. Raises ToolError where taken."""
    require(0 <= port < 2**16, "--port", f"must be in 0..{2**16 - 1}", port)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()  # who opens the link at once waits, and is not turned away
    except OSError as error:
        listener.close()
        message = f"--port {port}: cannot be had ({error.strerror})"
        raise ToolError(f"{message}; name another, or 0 for any that is free") from error
    return Address(listener=listener, token=secrets.token_urlsafe(18))


class Server(uvicorn.Server):
    """One that leaves signals to the command, which ends with what it started."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    exhibit: Exhibit, address: Address, report: Callable[[str], None] = lambda line: None
) -> None:
    """Answer requests, until a signal ends the process; the simulator is built meanwhile."""
    threading.Thread(target=exhibit.prepare, daemon=True).start()
    config = uvicorn.Config(
        application(exhibit, address.hosts, address.token),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        ws="none",
        lifespan="off",
        timeout_keep_alive=30,
        limit_concurrency=32,
    )
    report(f"open {address.link} (Ctrl-C ends it)")
    Server(config).run(sockets=[address.listener])
