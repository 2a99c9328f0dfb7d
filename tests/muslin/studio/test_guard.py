"""Every row of the studio's security rules: who may ask, from where, how much."""

import base64
import contextlib
import hashlib
import logging
import re

import pytest
import websockets.exceptions
from websockets.sync.client import connect

from muslin.studio.guard import JSON_LIMIT_B, UPLOAD_LIMIT_B
from muslin.studio.sockets import N_SOCKETS


def socket_of(studio, *, origin="own", cookie="own", host=None):
    headers = {} if cookie is None else {"Cookie": studio.cookie if cookie == "own" else cookie}
    if host is not None:
        headers["Host"] = host
    chosen = studio.origin if origin == "own" else origin
    address = f"ws://127.0.0.1:{studio.port}/ws"
    return connect(address, origin=chosen, additional_headers=headers, max_size=1 << 22)


def must_close(socket):
    """Take what still comes until the studio closes the socket."""
    with pytest.raises(websockets.exceptions.ConnectionClosed):
        list(iter(lambda: socket.recv(timeout=10), None))


def test_it_listens_on_the_loopback(studio):
    assert studio.address.startswith("http://127.0.0.1:")


def test_the_token_has_192_bits(studio):
    assert len(base64.urlsafe_b64decode(studio.token)) * 8 == 192


def test_the_token_becomes_a_strict_cookie_and_leaves_the_address(studio):
    assert studio.first.status == 303
    assert studio.first.getheader("location") == "/"
    said = studio.first.getheader("set-cookie")
    assert said.startswith(f"muslin_{studio.port}=")
    for word in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert word in said
    assert studio.token not in said


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/api/state", "/favicon.ico", "/none"])
def test_without_a_cookie_nothing_is_told(studio, path):
    answer = studio.ask("GET", path, cookie=None)
    assert answer.status == 401
    assert b"<html" not in answer.data


@pytest.mark.parametrize(
    "token", ["", "x", "'+or+1=1", "a" * 32, "%00", "None", "%FF%FE"],
    ids=["empty", "short", "sql", "long", "zero", "none", "high"],
)  # fmt: skip
def test_a_wrong_token_is_refused(studio, token):
    assert studio.ask("GET", f"/?token={token}", cookie=None).status == 401


def test_a_wrong_cookie_is_refused(studio):
    for cookie in (f"muslin_{studio.port}=", f"muslin_{studio.port}=x", "muslin_1=x", "=;=;"):
        assert studio.ask("GET", "/api/state", cookie=cookie).status == 401


def test_the_token_is_no_cookie(studio):
    cookie = f"muslin_{studio.port}={studio.token}"
    assert studio.ask("GET", "/api/state", cookie=cookie).status == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{}", "127.0.0.1", "localhost:1",
                                  "127.0.0.1.evil.example:{}", "[::1]:{}", ""])  # fmt: skip
def test_another_host_is_refused(studio, host):
    answer = studio.ask("GET", "/", headers={"Host": host.format(studio.port)})
    assert answer.status == 400


def test_localhost_is_a_host(studio):
    host = f"localhost:{studio.port}"
    assert studio.ask("GET", "/", headers={"Host": host}).status == 200


def test_a_socket_needs_the_own_origin_with_its_port(studio):
    wrong = [None, "http://evil.example", "http://127.0.0.1", f"https://127.0.0.1:{studio.port}",
             "http://127.0.0.1:1", "null", f"http://localhost:{studio.port}"]  # fmt: skip
    for origin in wrong:
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            socket_of(studio, origin=origin).__enter__()
        assert refused.value.response.status_code == 403


def test_a_socket_needs_the_cookie(studio):
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        socket_of(studio, cookie=None).__enter__()
    assert refused.value.response.status_code == 403


def test_the_own_page_gets_its_socket(studio):
    with socket_of(studio) as socket:
        socket.send('{"ping": 1.5}')
        assert b'"sent":1.5' in socket.recv(timeout=10)


def test_state_changes_by_post_alone(studio):
    for path in ("/api/project", "/api/fits", "/api/recordings", "/api/uploads"):
        assert studio.ask("GET", path).status == 405
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"):
        assert studio.ask(method, "/api/project").status == 405


def test_a_post_needs_the_own_origin(studio):
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{studio.port + 1}"):
        answer = studio.ask("POST", "/api/project", body={}, headers={"Origin": origin})
        assert answer.status == 403
    assert studio.ask("POST", "/api/project", body={}, skip=("Origin",)).status == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_is_no_post(studio, kind):
    answer = studio.ask("POST", "/api/project", body=b"{}", headers={"Content-Type": kind})
    assert answer.status == 415


def test_the_policy_lets_the_import_map_in_by_its_hash_alone(studio):
    answer = studio.ask("GET", "/")
    policy = answer.getheader("content-security-policy")
    inline = re.findall(rb"<script[^>]*>(.+?)</script>", answer.data)
    assert len(inline) == 1
    digest = base64.b64encode(hashlib.sha256(inline[0]).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    for rule in ("default-src 'none'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'",
                 "frame-ancestors 'none'", "form-action 'self'"):  # fmt: skip
        assert rule in policy
    assert b"style=" not in answer.data
    assert b"onclick" not in answer.data


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/api/state", "/none"])
def test_every_answer_carries_the_headers(studio, path):
    answer = studio.ask("GET", path)
    assert answer.getheader("x-content-type-options") == "nosniff"
    assert answer.getheader("referrer-policy") == "no-referrer"
    assert answer.getheader("cross-origin-opener-policy") == "same-origin"
    assert answer.getheader("access-control-allow-origin") is None
    assert "default-src 'none'" in answer.getheader("content-security-policy")


def test_there_is_a_favicon(studio):
    answer = studio.ask("GET", "/favicon.ico")
    assert (answer.status, answer.getheader("content-type")) == (200, "image/svg+xml")


def test_a_long_body_is_refused(studio):
    body = b'{"task": "' + b"x" * JSON_LIMIT_B + b'"}'
    headers = {"Content-Type": "application/json"}
    assert studio.ask("POST", "/api/project", body=body, headers=headers).status == 413


def test_a_body_that_lies_about_its_length_is_refused(studio):
    for said in ("-1", "1e3", str(UPLOAD_LIMIT_B * 200)):
        headers = {"Content-Type": "application/json", "Content-Length": said}
        # A server that hangs up on the rest of the body may be gone before its answer is read.
        with contextlib.suppress(ConnectionError):
            answer = studio.ask("POST", "/api/project", body=b"{}", headers=headers)
            assert answer.status in (400, 413)
        assert studio.lives()


def test_sockets_are_counted(studio):
    with contextlib.ExitStack() as stack:
        for _ in range(N_SOCKETS):
            socket = stack.enter_context(socket_of(studio))
            socket.send('{"ping": 1}')
            socket.recv(timeout=10)
        with pytest.raises(websockets.exceptions.InvalidStatus), socket_of(studio):
            pass
    assert studio.lives()


def test_an_oversize_message_closes_its_socket(studio):
    with socket_of(studio) as socket:
        socket.send("x" * ((1 << 20) + 1))
        must_close(socket)
    assert studio.lives()


def test_the_log_never_holds_the_token(studio, caplog):
    with caplog.at_level(logging.DEBUG):
        studio.ask("GET", f"/?token={studio.token}", cookie=None)
        studio.ask("GET", "/none")
    assert studio.token not in caplog.text
