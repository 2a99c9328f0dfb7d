"""The door of the studio: who may ask, from where, how much. Everything passes it first.

Order of the checks: Host (against DNS rebinding), token or cookie, method, Origin, type, size. A
request that fails one never reaches a route.
"""

import asyncio
import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_BYTES = 24
JSON_LIMIT_B = 1 << 20
UPLOAD_LIMIT_B = 16 << 20
UPLOAD_PATH = "/api/uploads"
BODY_TIMEOUT_S = 20.0

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _secret() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What lets a person in.

    Attributes:
        port: Port that the studio listens on.
        csp: Content security policy of every answer that has none of its own.
        hosts: Names under which the studio may be asked for.
        token: 192 bits; stands in the printed address.
        cookie: 192 bits; what the browser keeps instead.
    """

    port: int
    csp: str
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    token: str = field(default_factory=_secret, repr=False)
    cookie: str = field(default_factory=_secret, repr=False)

    @property
    def cookie_name(self) -> str:
        """Cookies ignore ports, so the name holds it."""
        return f"muslin_{self.port}"

    @property
    def address(self) -> str:
        """What a person opens."""
        return f"http://{self.hosts[0]}:{self.port}/?token={self.token}"

    def is_own_host(self, headers: Headers) -> bool:
        """Whether a request names this host and port, once."""
        named = headers.getlist("host")
        return len(named) == 1 and named[0] in {f"{host}:{self.port}" for host in self.hosts}

    def is_own_origin(self, headers: Headers) -> bool:
        """Whether a request comes from a page of the host that it asks, once."""
        origins = headers.getlist("origin")
        return self.is_own_host(headers) and origins == [f"http://{headers['host']}"]

    def has_cookie(self, headers: Headers) -> bool:
        """Whether the browser was let in before."""
        try:
            jar = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        given = jar.get(self.cookie_name)
        return given is not None and _same(given.value, self.cookie)

    def is_token(self, text: str) -> bool:
        """Whether a text is the token; takes the same time for every wrong one."""
        return _same(text, self.token)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


class Guard:
    """ASGI middleware that asks for all of it."""

    def __init__(self, app: ASGIApp, *, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request or socket through, or answer it."""
        if scope["type"] == "http":
            await self._http(scope, receive, _with_headers(send, self._door.csp))
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if self._door.is_own_origin(headers) and self._door.has_cookie(headers):
            await self._app(scope, receive, send)
            return
        # Closed before it was accepted, which the client sees as HTTP 403.
        await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        refusal = self._refuse(scope, headers)
        if refusal is None and scope["method"] == "POST":
            limit = UPLOAD_LIMIT_B if scope["path"] == UPLOAD_PATH else JSON_LIMIT_B
            body = await _body(headers, receive, limit_b=limit)
            if isinstance(body, Response):
                refusal = body
            else:
                receive = _replayed(body, receive)
        await (self._app if refusal is None else refusal)(scope, receive, send)

    def _refuse(self, scope: Scope, headers: Headers) -> Response | None:
        """Answer to a request that must not come in; nothing for one that may."""
        door = self._door
        if not door.is_own_host(headers):
            return PlainTextResponse("this host is not served here", 400)
        if scope["path"] == "/" and b"token=" in scope["query_string"]:
            return self._let_in(scope)
        if not door.has_cookie(headers):
            text = "open the address that `muslin studio` printed; it holds the token"
            return PlainTextResponse(text, 401)
        if scope["method"] in ("GET", "HEAD"):
            return None
        if scope["method"] != "POST":
            return PlainTextResponse("only GET and POST are known", 405)
        if not door.is_own_origin(headers):
            return PlainTextResponse("this came from another page", 403)
        wanted = "application/octet-stream" if scope["path"] == UPLOAD_PATH else "application/json"
        if headers.get("content-type", "").split(";")[0].strip().lower() != wanted:
            return PlainTextResponse(f"wanted {wanted}", 415)
        return None

    def _let_in(self, scope: Scope) -> Response:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if scope["method"] != "GET" or not self._door.is_token(query.get("token", "")):
            return PlainTextResponse("this token is not the one that was printed", 401)
        # 303 takes the token out of the address bar and the history.
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            self._door.cookie_name, self._door.cookie, httponly=True, samesite="strict", path="/"
        )
        return answer


async def _body(headers: Headers, receive: Receive, *, limit_b: int) -> bytes | Response:
    """Take a body in, as long as it keeps size and time."""
    too_long = PlainTextResponse(f"more than {limit_b} bytes", 413, headers={"Connection": "close"})
    said = headers.get("content-length", "0")
    if not said.isdigit() or int(said) > limit_b:
        return too_long
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return PlainTextResponse("the request broke off", 400)
                body += message.get("body", b"")
                if len(body) > limit_b:
                    return too_long
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return PlainTextResponse(
            f"the request took longer than {BODY_TIMEOUT_S:g} s", 408,
            headers={"Connection": "close"},
        )  # fmt: skip


def _replayed(body: bytes, rest: Receive) -> Receive:
    """Hand a body that was taken in to the application."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else await rest()

    return receive


def _with_headers(send: Send, csp: str) -> Send:
    """Add what every answer carries; a route may have a stricter policy of its own."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("Content-Security-Policy", csp)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return wrapped
