"""What the page's server answers, and what it refuses by name."""

from __future__ import annotations

import asyncio
import base64
import io
import socket
import struct
import zlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient

from fq_hw.data.picture import decode_picture
from fq_hw.errors import ParameterError, ToolError
from fq_hw.flow.exhibit import KEPT, Exhibit
from fq_hw.serve import app as app_module
from fq_hw.serve import open_port
from fq_hw.serve.app import application
from fq_hw.serve.guard import TOKEN

HOST = "127.0.0.1:8460"


def refused(answer, status, said):
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json()["error"].startswith(said), answer.json()


def test_a_picture_and_its_tensors(page, exhibit, picture):
    model = exhibit.model
    answer = page.post("/api/look", content=picture).json()
    image = decode_picture(picture, model.image, "p")[None]
    assert answer["golden"]["scores"] == model.scores(image)[0].tolist()
    assert answer["golden"]["label"] == model.labels(image)[0] and answer["truth"] is None
    names = [row["name"] for row in page.get("/api/network").json()["tensors"]]
    assert names == [op.name for op in model.graph.ops]
    for number, name in enumerate(names):
        found = page.get(f"/api/tensor/{answer['look']}/{number}/0").json()
        values = np.frombuffer(base64.b64decode(found["values"]), "<i8")
        truth = np.moveaxis(model.tensor(image, name)[0], 2, 0)
        assert np.array_equal(values.reshape(truth.shape), truth)
        assert (found["low"], found["high"]) == (truth.min(), truth.max())


def test_a_large_tensor_comes_in_parts(page, exhibit, picture, monkeypatch):
    monkeypatch.setattr("fq_hw.flow.exhibit.MOST_VALUES", 2 * 4 * 4)
    look = page.post("/api/look", content=picture).json()["look"]
    whole = exhibit.find(look).tensors["embedding"][0]
    parts = []
    while len(parts) < whole.shape[2]:
        found = page.get(f"/api/tensor/{look}/1/{len(parts)}").json()
        values = np.frombuffer(base64.b64decode(found["values"]), "<i8").reshape(-1, 4, 4)
        assert len(values) == found["count"] <= 2
        parts += list(values)
    assert np.array_equal(parts, np.moveaxis(whole, 2, 0))
    refused(page.get(f"/api/tensor/{look}/1/{len(parts)}"), 422, "tensor: has")


def test_scores_of_more_than_32_bits(page, exhibit, picture):
    """As a network of 256 x 256 pixels has them."""
    look = page.post("/api/look", content=picture).json()["look"]
    kept = exhibit.find(look)
    wide = np.array([6_320_963_550, -6_987_775_411]).reshape(1, 1, 1, 2)
    exhibit.looks[look] = replace(kept, tensors={**kept.tensors, "tail.scores": wide})
    number = [op.name for op in exhibit.model.graph.ops].index("tail.scores")
    found = page.get(f"/api/tensor/{look}/{number}/0").json()
    values = np.frombuffer(base64.b64decode(found["values"]), "<i8")
    assert values.tolist() == wide.reshape(-1).tolist() == [found["high"], found["low"]]


def test_only_the_last_pictures_are_kept(page, picture):
    looks = [page.post("/api/look", content=picture).json()["look"] for _ in range(KEPT + 1)]
    assert page.get(f"/api/tensor/{looks[-1]}/0/0").status_code == 200
    refused(page.get(f"/api/tensor/{looks[0]}/0/0"), 422, "picture: must be one of those that")
    refused(page.post(f"/api/simulate/{looks[0]}"), 422, "picture: must be one of those that")


def bomb(width, height):
    """A PNG of very many pixels in very few bytes."""

    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    row = b"\0" + bytes((width + 7) // 8)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    squeeze = zlib.compressobj(9)
    packed = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def saved(image, kind, **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def test_pictures_that_are_none(page, picture):
    clear, red = Image.new("RGBA", (4, 4)), Image.new("RGB", (4, 4), "red")
    moving = saved(red, "PNG", save_all=True, append_images=[Image.new("RGB", (4, 4), "blue")])
    for content, status, said in (
        (b"", 400, "there is no picture in the request"),
        (b"<svg onload=alert(1)>", 422, "picture: not a readable picture (none of BMP, JPEG"),
        (b"GIF89a" + bytes(20), 422, "picture: not a readable picture (none of"),
        (picture[: len(picture) // 2], 422, "picture: not a readable picture ("),
        (saved(clear, "PNG"), 422, "picture: has transparent pixels"),
        (moving, 422, "picture: is an animation of 2 pictures"),
        (
            bomb(6_000, 6_000),
            422,
            "picture: a picture has at most 33,554,432 pixels (got 36000000)",
        ),
        (bomb(20_000, 20_000), 422, "picture: not a readable picture (Image size (400000000"),
    ):
        refused(page.post("/api/look", content=content), status, said)
    assert page.post("/api/look", content=picture).status_code == 200


def test_too_many_bytes_are_not_read_to_their_end(page, monkeypatch):
    monkeypatch.setattr(app_module, "MOST_BYTES", 1_000)
    taken = []

    def endless():
        for _ in range(100):
            taken.append(1)
            yield bytes(100)

    said = "a picture has at most 1,000 bytes"
    refused(page.post("/api/look", content=bytes(1_001)), 413, said)
    refused(page.post("/api/look", content=endless()), 413, said)  # without a length
    lying = {"content-length": "-5"}
    refused(page.post("/api/look", content=b"x", headers=lying), 413, said)
    assert page.post("/api/look", content=bytes(1_000)).status_code == 422


def test_what_says_that_it_is_too_large_is_not_read_at_all():
    async def never():
        raise AssertionError("it was read")

    told = {"type": "http", "headers": [(b"content-length", b"%d" % (app_module.MOST_BYTES + 1))]}
    with pytest.raises(HTTPException, match="413"):
        asyncio.run(app_module.body(Request(told, receive=never)))


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/page/page.html", "/%2e%2e/%2e%2e/etc/passwd", "/style.css/..%2fapp.py",
    "/app.py", "/api/tensor/1/..%2f..%2fnet/0", "/api/tensor/-1/0/0", "/api/network/",
    "//etc/passwd", "/api",
])  # fmt: skip
def test_no_path_leads_to_a_file(page, path):
    refused(page.get(path), 404, "Not Found")


def test_methods_and_numbers_that_are_not_there(page, picture):
    refused(page.get("/api/look"), 405, "Method Not Allowed")
    refused(page.post("/"), 405, "Method Not Allowed")
    look = page.post("/api/look", content=picture).json()["look"]
    refused(page.get(f"/api/tensor/{look}/999/0"), 422, "tensor: must be in 0..")
    refused(page.get(f"/api/tensor/{'9' * 80}/0/0"), 422, "picture: must be one of")
    refused(page.get(f"/api/tensor/{'9' * 5_000}/0/0"), 414, "a path has at most 100 characters")
    refused(page.post("/api/example"), 422, "examples: its test images are not here")
    refused(page.post(f"/api/simulate/{look}"), 409, "simulated hardware: is not built yet")


def test_it_listens_on_loopback_alone():
    first = open_port(0)
    try:
        assert first.listener.getsockname() == ("127.0.0.1", first.port)
        with pytest.raises(ToolError, match=rf"^--port {first.port}: cannot be had \(Address alre"):
            open_port(first.port)
        assert first.link == f"http://127.0.0.1:{first.port}/?token={first.token}"
        assert len(first.token) >= 24
        with socket.create_connection(("127.0.0.1", first.port)):
            pass
    finally:
        first.listener.close()
    other = open_port(0)
    other.listener.close()
    assert other.token != first.token
    for port in (-1, 65_536):
        with pytest.raises(ParameterError, match=r"^--port: must be in 0..65535"):
            open_port(port)


class Answering:
    """A board that gives ``scores``."""

    def __init__(self, scores):
        self.scores, self.frames = scores, []

    def classify(self, frame):
        self.frames.append(frame)
        return SimpleNamespace(scores=self.scores, name="class 7")


def test_a_board_answers_beside_the_model(design, picture):
    model = design.model
    board = Answering(None)
    exhibit = Exhibit(model, design, board, "udp://10.0.0.9")
    headers = {TOKEN: "secret", "origin": f"http://{HOST}"}
    page = TestClient(application(exhibit, (HOST,), "secret"), base_url=headers["origin"])
    page.headers.update(headers)
    assert page.get("/api/network").json()["board"] == "udp://10.0.0.9"
    look = page.post("/api/look", content=picture).json()["look"]
    board.scores = exhibit.find(look).seen.scores
    told = page.post(f"/api/board/{look}").json()
    assert told["class"] == "class 7" and told["scores"] == list(board.scores)
    assert told["seconds"] >= 0
    sent = board.frames[0]
    assert sent.dtype == np.uint8 and sent.shape == model.image
    assert (sent == exhibit.find(look).tensors[model.graph.input.name][0]).all()
    board.scores = tuple(score + 1 for score in board.scores)
    said = "board at udp://10.0.0.9: its scores must be the golden model's"
    refused(page.post(f"/api/board/{look}"), 422, said)


def test_without_a_board_there_is_no_answer_of_one(page, picture):
    assert page.get("/api/network").json()["board"] is None
    look = page.post("/api/look", content=picture).json()["look"]
    refused(page.post(f"/api/board/{look}"), 422, "board: there is none; fq-hw serve --device PORT")
