"""A studio that runs, a client that may say anything to it, and a browser where there is one."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import threading
import time

import pytest

from muslin.studio.pages import load_page, missing_vendor
from muslin.studio.project import open_folders
from muslin.studio.serve import build_server

CHROMIUM = (
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-gpu",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


class Client:
    """Speaks plain HTTP with a studio; every header can be left out or forged."""

    def __init__(self, port, token, folder):
        self.port, self.token, self.folder = port, token, folder
        self.origin = f"http://127.0.0.1:{port}"
        self.address = f"{self.origin}/?token={token}"
        answer = self.ask("GET", f"/?token={token}", cookie=None)
        self.first = answer
        self.cookie = answer.getheader("set-cookie").split(";")[0]

    def ask(self, method, path, *, body=None, cookie="own", headers=None, skip=()):
        """Send a request; returns the answer with its body as ``.data``."""
        sent = {"Host": f"127.0.0.1:{self.port}", "Origin": self.origin}
        if cookie is not None:
            sent["Cookie"] = self.cookie if cookie == "own" else cookie
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if body is not None:
            sent["Content-Length"] = str(len(body))
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if name not in skip:
                connection.putheader(name, value)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.endheaders(body)
        answer = connection.getresponse()
        answer.data = answer.read()
        connection.close()
        return answer

    def json(self, method, path, body=None):
        """A request that must succeed; returns what it says."""
        answer = self.ask(method, path, body=body)
        assert answer.status == 200, answer.data
        return json.loads(answer.data)

    def lives(self):
        """Whether the studio still answers."""
        return self.ask("GET", "/api/sessions").status == 200


def serve(folder):
    """Run a studio in a thread; yields a client."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    page = load_page(needs_vendor=False)
    server, address = build_server(listening, page=page, folders=open_folders(folder))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until(lambda: server.started, 30)
    yield Client(listening.getsockname()[1], address.split("token=")[1], folder)
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()
    listening.close()


def until(true, seconds=30.0):
    """Wait for something, in short looks."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """A studio for the tests of a file."""
    yield from serve(tmp_path_factory.mktemp("studio"))


# Its event loop runs in this thread until the fixture ends, so it must not outlive its module.
@pytest.fixture(scope="module")
def browser(missing):
    """Headless Chromium of the system; never one that is downloaded."""
    if missing_vendor():
        missing("the studio's browser libraries are not there: run `make web` (needs npm)")
    program = shutil.which("chromium")
    if program is None:
        missing("chromium is not installed (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    # A sandbox cannot be set up by root in a container.
    flags = [*CHROMIUM, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=flags)
        yield started
        started.close()


class Watched:
    """A page that notes errors and every address that it asked for."""

    def __init__(self, page, client):
        self.page, self.client = page, client
        self.errors, self.addresses = [], []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)
        page.on("request", lambda request: self.addresses.append(request.url))

    def _said(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def open(self):
        self.page.goto(self.client.address)
        self.page.wait_for_selector("body[data-ready=yes]", timeout=60_000)

    def until(self, expression, seconds=60.0):
        """Look at the page until it is so; a policy forbids the browser to evaluate by itself."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"not in {seconds:g} s: {expression}"
            self.page.wait_for_timeout(50)

    def assert_clean(self):
        """No error, and nothing was asked of anybody else."""
        assert self.errors == []
        outside = [
            url for url in self.addresses
            if not url.startswith((self.client.origin, "data:", f"blob:{self.client.origin}"))
        ]  # fmt: skip
        assert outside == []


@pytest.fixture
def page(browser, studio):
    """A page of 1280 x 800 that has not been opened yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    watched = Watched(context.new_page(), studio)
    yield watched
    context.close()
