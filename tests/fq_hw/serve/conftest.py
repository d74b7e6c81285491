"""A small network on show, and its server."""

from __future__ import annotations

import io

import pytest
from networks import TINY, random_checkpoint, random_images
from PIL import Image

from fq_hw import checkpoint, flow

pytest.importorskip("starlette", reason="the page's server is made of it (extra serve)")
pytest.importorskip("uvicorn", reason="the page's server runs on it (extra serve)")

from starlette.testclient import TestClient

from fq_hw.flow.exhibit import Exhibit
from fq_hw.serve.app import application
from fq_hw.serve.guard import TOKEN

HOSTS = ("127.0.0.1:8460", "localhost:8460")


@pytest.fixture(scope="session")
def net(tmp_path_factory):
    """The file of a network of 4x4 pixels and two classes."""
    path = tmp_path_factory.mktemp("serve") / "net"
    checkpoint.write(path, random_checkpoint(TINY["tiny-bottleneck"], 1))
    return path


@pytest.fixture(scope="session")
def design(net):
    return flow.load(net).design()


@pytest.fixture
def exhibit(design):
    """Its hardware is not built yet."""
    return Exhibit(design.model, design)


@pytest.fixture
def stranger(exhibit):
    """A browser that knows the port and nothing else."""
    return TestClient(application(exhibit, HOSTS, "secret"), base_url=f"http://{HOSTS[0]}")


@pytest.fixture
def page(stranger):
    """Our own page: it has the token, and says whence it comes."""
    stranger.headers.update({TOKEN: "secret", "origin": f"http://{HOSTS[0]}"})
    return stranger


@pytest.fixture
def picture():
    """A PNG of another size than the network's."""
    content = io.BytesIO()
    Image.fromarray(random_images((20, 30, 3), 4)[3]).save(content, "PNG")
    return content.getvalue()
