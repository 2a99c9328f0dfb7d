"""The studio as an ASGI application: a fixed table of routes over three desks."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from muslin.errors import InputError
from muslin.studio import choices
from muslin.studio.child import as_text
from muslin.studio.devices import Scanner
from muslin.studio.fit_desk import FitDesk
from muslin.studio.guard import Door, Guard
from muslin.studio.library import Library
from muslin.studio.pages import REPORT_CSP, Page
from muslin.studio.project import Folders, Project, load_project, save_project
from muslin.studio.session_desk import SessionDesk
from muslin.studio.sockets import Hub
from muslin.studio.twin_desk import TwinDesk
from muslin.studio.uploads import Intake

_OCTETS = "application/octet-stream"


class Studio:
    """Everything that answers: project, uploads, sessions, recordings, fits."""

    def __init__(self, *, page: Page, folders: Folders) -> None:
        self.page = page
        self.folders = folders
        self.project = load_project(folders)
        self.hub = Hub()
        self.intake = Intake(folders)
        self.library = Library(folders.sessions)
        self.scanner = Scanner()
        self.sessions = SessionDesk(self.hub, folders.sessions, self.library)
        self.fits = FitDesk(self.hub, self.intake)
        self.twins = TwinDesk(self.hub, self.library, self.intake)

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Own the tasks of the desks, and end their processes at the end."""
        async with asyncio.TaskGroup() as group:
            self.sessions.group = self.fits.group = self.twins.group = group
            try:
                yield
            finally:
                await asyncio.gather(self.sessions.close(), self.fits.close(), self.twins.close())

    async def index(self, _: Request) -> Response:
        """The page."""
        return HTMLResponse(self.page.html)

    async def file(self, request: Request) -> Response:
        """A file of the fixed table."""
        found = self.page.files.get(request.url.path)
        if found is None:
            raise HTTPException(404)
        content, media_type = found
        return Response(content, media_type=media_type, headers={"Cache-Control": "no-cache"})

    async def state(self, _: Request) -> Response:
        """What a page needs when it opens."""
        return JSONResponse(
            {
                "project": self.project.to_json(),
                "choices": await asyncio.to_thread(choices.fit_choices),
                "uploads": [asdict(upload) for upload in self.intake.kept.values()],
                "sessions_folder": self.folders.sessions.name,
                "fits": self.fits.summaries(),
            }
        )

    async def remember(self, request: Request) -> Response:
        """Keep the choices of the page."""
        self.project = Project.of({**self.project.to_json(), **await _json(request)})
        await asyncio.to_thread(save_project, self.folders, self.project)
        return JSONResponse({"saved": True})

    async def upload(self, request: Request) -> Response:
        """Take a pattern or a scan in."""
        label = as_text(request.query_params.get("label", ""))
        return JSONResponse(asdict(await self.intake.take(label, await request.body())))

    async def start_fit(self, request: Request) -> Response:
        """Drape."""
        return JSONResponse({"id": await self.fits.start(await _json(request))})

    async def scan_body(self, request: Request) -> Response:
        """Make a body of a scan."""
        await self.fits.scan((await _json(request)).get("scan"))
        return JSONResponse({"reading": True})

    async def stop_fit(self, _: Request) -> Response:
        """End what is being draped."""
        await self.fits.stop()
        return JSONResponse({"stopped": True})

    async def warm_fit(self, _: Request) -> Response:
        """Load body and engine before they are asked for."""
        await self.fits.warm()
        return JSONResponse({"warm": True})

    async def fit_mesh(self, request: Request) -> Response:
        """Meshes and maps of a fit."""
        return Response(self.fits.mesh(_number(request, "fit")), media_type=_OCTETS)

    async def move_fit(self, request: Request) -> Response:
        """Let a fit follow a movement."""
        content = await _json(request)
        await self.fits.move(_number(request, "fit"), content.get("motion"))
        return JSONResponse({"moving": True})

    async def fit_clip(self, request: Request) -> Response:
        """Poses of a fit that moved."""
        return Response(self.fits.clip(_number(request, "fit")), media_type=_OCTETS)

    async def fit_file(self, request: Request) -> Response:
        """GLB or sheet of a fit."""
        kind = "glb" if request.url.path.endswith("/glb") else "sheet"
        content = await self.fits.file(_number(request, "fit"), kind)
        media_type = "model/gltf-binary" if kind == "glb" else "image/png"
        name = "fit.glb" if kind == "glb" else "fit.png"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=media_type, headers=headers)

    async def fit_sensors(self, request: Request) -> Response:
        """Sensors of a fit; a post adds or removes one."""
        change = await _json(request) if request.method == "POST" else None
        rows = await self.fits.sensors(_number(request, "fit"), change)
        return Response(rows, media_type="application/json")

    async def sensors_file(self, request: Request) -> Response:
        """Sensors file of a fit, or its pattern with sensors on their layer."""
        kind = request.url.path.rsplit("/", 1)[1]
        content = await self.fits.file(_number(request, "fit"), kind)
        name = "garment.sensors.toml" if kind == "toml" else f"garment.{kind}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=_OCTETS, headers=headers)

    async def scan_devices(self, request: Request) -> Response:
        """Look which devices are in range."""
        devices = await self.scanner.look((await _json(request)).get("radio", "os:"))
        return JSONResponse({"devices": devices})

    async def start_recording(self, request: Request) -> Response:
        """Record."""
        return JSONResponse({"name": await self.sessions.start(await _json(request))})

    async def warm_recording(self, request: Request) -> Response:
        """Have a recorder ready before it is asked for."""
        await self.sessions.warm(await _json(request))
        return JSONResponse({"warm": True})

    async def tell_recording(self, request: Request) -> Response:
        """Mark, pause or stop."""
        await self.sessions.tell(await _json(request))
        return JSONResponse({"told": True})

    async def catalogue(self, _: Request) -> Response:
        """Sessions of the folder."""
        return JSONResponse({"sessions": await asyncio.to_thread(self.library.rows)})

    async def session(self, request: Request) -> Response:
        """One session."""
        number = request.path_params["session"]
        return JSONResponse(await asyncio.to_thread(self.library.describe, number))

    async def samples(self, request: Request) -> Response:
        """Part of a stream."""
        query = request.query_params
        try:
            span_s = float(query["from_s"]), float(query["to_s"])
            stream, points = int(query["stream"]), int(query.get("points", "1000"))
        except (KeyError, ValueError) as error:
            raise InputError("wanted stream, from_s, to_s and points as numbers") from error
        content = await asyncio.to_thread(
            self.library.samples, request.path_params["session"],
            stream=stream, span_s=span_s, points=points,
        )  # fmt: skip
        return Response(content, media_type=_OCTETS)

    async def report(self, request: Request) -> Response:
        """Page of an analysed session, made when it is asked for; it may run nothing."""
        html = await self.sessions.report(request.path_params["session"])
        return HTMLResponse(html, headers={"Content-Security-Policy": REPORT_CSP})

    async def twin_garments(self, _: Request) -> Response:
        """Garments with sensors that a session can be played on."""
        return JSONResponse({"garments": await asyncio.to_thread(self.twins.garments)})

    async def start_twin(self, request: Request) -> Response:
        """Play a session on the twin."""
        session, content = request.path_params["session"], await _json(request)
        return JSONResponse({"id": await self.twins.start(session, content, self.project)})

    async def stop_twin(self, _: Request) -> Response:
        """End what is being played."""
        await self.twins.stop()
        return JSONResponse({"stopped": True})

    async def twin(self, request: Request) -> Response:
        """A session on the twin."""
        return Response(self.twins.replay(_number(request, "twin")), media_type=_OCTETS)

    async def socket(self, socket: WebSocket) -> None:
        """Live states and samples."""
        await self.hub.serve(socket)

    def routes(self) -> list[Route | WebSocketRoute]:
        """The whole table."""

        def get(path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
            return Route(path, _guarded(answer), methods=["GET"])

        def post(path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
            return Route(path, _guarded(answer), methods=["POST"])

        return [
            get("/", self.index),
            get("/favicon.ico", self.file),
            get("/static/{name:path}", self.file),
            get("/api/state", self.state),
            post("/api/project", self.remember),
            post("/api/uploads", self.upload),
            post("/api/bodies", self.scan_body),
            post("/api/fits", self.start_fit),
            post("/api/fits/stop", self.stop_fit),
            post("/api/fits/warm", self.warm_fit),
            get("/api/fits/{fit:int}/mesh", self.fit_mesh),
            post("/api/fits/{fit:int}/move", self.move_fit),
            get("/api/fits/{fit:int}/clip", self.fit_clip),
            get("/api/fits/{fit:int}/glb", self.fit_file),
            get("/api/fits/{fit:int}/sheet", self.fit_file),
            get("/api/fits/{fit:int}/sensors", self.fit_sensors),
            post("/api/fits/{fit:int}/sensors", self.fit_sensors),
            get("/api/fits/{fit:int}/sensors/toml", self.sensors_file),
            get("/api/fits/{fit:int}/sensors/dxf", self.sensors_file),
            get("/api/fits/{fit:int}/sensors/svg", self.sensors_file),
            post("/api/devices/scan", self.scan_devices),
            post("/api/recordings", self.start_recording),
            post("/api/recordings/tell", self.tell_recording),
            post("/api/recordings/warm", self.warm_recording),
            get("/api/sessions", self.catalogue),
            get("/api/sessions/{session}", self.session),
            get("/api/sessions/{session}/samples", self.samples),
            get("/api/sessions/{session}/report", self.report),
            post("/api/sessions/{session}/twin", self.start_twin),
            get("/api/twins/garments", self.twin_garments),
            post("/api/twins/stop", self.stop_twin),
            get("/api/twins/{twin:int}", self.twin),
            WebSocketRoute("/ws", self.socket),
        ]


def make_app(studio: Studio, door: Door) -> ASGIApp:
    """Put the guard before everything."""
    return Starlette(
        routes=studio.routes(),
        lifespan=studio.lifespan,
        middleware=[Middleware(Guard, door=door)],
    )


def _guarded(
    answer: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Turn bad input into one sentence."""

    async def wrapped(request: Request) -> Response:
        try:
            return await answer(request)
        except (InputError, FileNotFoundError) as error:
            return JSONResponse({"error": str(error)}, 422)
        except ValueError as error:
            # The packages' own errors for bad input are ValueErrors too.
            return JSONResponse({"error": str(error)[:500]}, 422)
        except TimeoutError:
            return PlainTextResponse("it took too long", 504)

    return wrapped


async def _json(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise InputError("the request is no JSON") from error
    if not isinstance(content, dict):
        raise InputError(f"the request is a {type(content).__name__}, wanted an object")
    return content


def _number(request: Request, name: str) -> int:
    number = int(request.path_params[name])
    if not 0 <= number < 1 << 31:
        raise InputError(f"{name} {number} is not known")
    return number
