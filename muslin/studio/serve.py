"""`muslin studio`: listen on the loopback, print one address, serve until interrupted."""

import asyncio
import logging
import socket
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from muslin.errors import Exit, InputError
from muslin.screen import say

if TYPE_CHECKING:
    import uvicorn

    from muslin.studio.pages import Page
    from muslin.studio.project import Folders

LOOPBACK = "127.0.0.1"
SOCKET_LIMIT_B = 1 << 20
N_CONNECTIONS = 64


def studio(
    *,
    port: int = 0,
    host: str = LOOPBACK,
    folder: Path = Path("muslin-studio"),
    opens_browser: bool = True,
) -> Exit:
    """Serve the studio until interrupted.

    Args:
        port: Port to listen on; 0 takes a free one.
        host: Interface; anything but the loopback can be reached by others.
        folder: Where sessions, uploads and the project file are kept.
        opens_browser: Whether the page is opened.

    Raises:
        InputError: If an option cannot be used, or something the studio needs is missing.
    """
    if not 0 <= port <= 65_535:
        raise InputError(f"port is {port}, wanted 0 to 65535")
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401
    except ImportError as error:
        raise InputError(f"the studio needs {error.name}: pip install 'muslin[studio]'") from error
    from muslin.studio.pages import load_page
    from muslin.studio.project import open_folders

    page = load_page()
    folders = open_folders(folder)
    with _listen(host, port) as listening:
        server, address = build_server(listening, page=page, folders=folders, host=host)
        if host != LOOPBACK:
            say(f"warning: {host} can be reached by others, and nothing is encrypted; "
                "a tunnel to 127.0.0.1 is safer")  # fmt: skip
        say(f"muslin studio keeps {folders.top}")
        say(f"open {address}")
        say("Ctrl-C ends it")
        if opens_browser:
            webbrowser.open(address)
        asyncio.run(server.serve(sockets=[listening]))
    return Exit.DONE


def build_server(
    listening: socket.socket, *, page: "Page", folders: "Folders", host: str = LOOPBACK
) -> "tuple[uvicorn.Server, str]":
    """Server on an open socket, and the address that a person opens."""
    import uvicorn

    from muslin.studio.app import Studio, make_app
    from muslin.studio.guard import Door

    port = int(listening.getsockname()[1])
    hosts = (LOOPBACK, "localhost") if host == LOOPBACK else (host, LOOPBACK, "localhost")
    door = Door(port=port, csp=page.csp, hosts=hosts)
    config = uvicorn.Config(
        make_app(Studio(page=page, folders=folders), door),
        http="h11", ws="websockets-sansio", ws_max_size=SOCKET_LIMIT_B, ws_max_queue=16,
        ws_per_message_deflate=False, access_log=False, log_config=None, server_header=False,
        proxy_headers=False, limit_concurrency=N_CONNECTIONS, timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=32_768, lifespan="on",
    )  # fmt: skip
    # Its own log would print the address with the token.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    return uvicorn.Server(config), door.address


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"the studio cannot listen on {host}:{port}: {reason}") from error
    return listening
