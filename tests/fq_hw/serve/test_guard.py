"""Who may speak to the page's server: our own page, in this run; every refusal is JSON."""

from __future__ import annotations

import pytest
from starlette.websockets import WebSocketDisconnect

from fq_hw.serve.guard import HEADERS, TOKEN

OWN = {TOKEN: "secret", "origin": "http://127.0.0.1:8460"}
READS = ["/api/network", "/api/hardware", "/api/tensor/1/0/0"]
WRITES = ["/api/look", "/api/example", "/api/simulate/1", "/api/board/1"]


def refused(answer, status, said):
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.x:8460", ""]
)
@pytest.mark.parametrize("path", ["/", "/script.js", *READS])
def test_another_name_for_us_is_refused(stranger, host, path):
    """As a page does whose own name was made to point at 127.0.0.1."""
    refused(stranger.get(path, headers=OWN | {"host": host}), 421, "Host must be 127.0.0.1:8460")
    refused(stranger.get(f"{path}?token=secret", headers={"host": host}), 421, "Host must be")


def test_both_our_names_are_known(stranger):
    for host in ("127.0.0.1:8460", "localhost:8460"):
        own = {TOKEN: "secret", "host": host, "origin": f"http://{host}"}
        assert stranger.get("/api/network", headers=own).status_code == 200


@pytest.mark.parametrize("origin", [
    None, "null", "http://evil.example", "http://127.0.0.1:8461", "https://127.0.0.1:8460",
    "http://localhost:8460", "",
])  # fmt: skip
@pytest.mark.parametrize("path", WRITES)
def test_another_page_cannot_drive_it(stranger, origin, path):
    """Not even one that has learnt the token."""
    headers = {TOKEN: "secret"} | ({} if origin is None else {"origin": origin})
    said = "the request must come from the page of this server"
    refused(stranger.post(path, content=b"x", headers=headers), 403, said)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["/script.js", "/style.css", *READS])
def test_another_page_cannot_even_load_it(stranger, site, path):
    answer = stranger.get(path, headers={TOKEN: "secret", "sec-fetch-site": site})
    refused(answer, 403, "must come from the page")


def test_a_link_to_the_page_may_stand_anywhere(stranger):
    answer = stranger.get("/?token=secret", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200


@pytest.mark.parametrize("token", [None, "", "Secret", "secret ", "secretsecret", "\xe9"])
@pytest.mark.parametrize("path", ["/", *READS, *WRITES])
def test_who_does_not_know_the_token_is_refused(stranger, token, path):
    headers = {"origin": OWN["origin"]} | (
        {} if token is None else {TOKEN: token.encode("latin-1")}
    )
    send = stranger.post if path in WRITES else stranger.get
    refused(send(path, headers=headers), 403, "open the link that fq-hw serve printed")
    if path != "/":  # in the address it is good for the page alone
        refused(send(f"{path}?token=secret", headers={"origin": OWN["origin"]}), 403, "the token")


def test_every_answer_forbids_what_the_page_does_not_need(stranger, page):
    answers = [stranger.get("/?token=secret"), page.get("/script.js"), page.get("/nothing"),
               page.post("/api/look"), stranger.get("/", headers={"host": "x"})]  # fmt: skip
    for answer in answers:
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "access-control-allow-origin" not in answer.headers
        assert "set-cookie" not in answer.headers
    policy = HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy


def test_a_web_socket_is_no_way_round_it(stranger):
    with pytest.raises(WebSocketDisconnect), stranger.websocket_connect("/api/look"):
        raise AssertionError("it was let in")
