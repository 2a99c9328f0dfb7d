"""Pictures of a worn sensor garment: sensors by their verdict on the dressed body."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from muslin.twin.sensors.locate import PanelMesh
from muslin.twin.sensors.sensor import Sensor
from muslin.twin.worn.reading import Reading
from muslin.twin.worn.wear import Worn

if TYPE_CHECKING:
    from PIL import Image

    from fitting.preview import Backend, PaintedMesh, View

# Told apart in grey and by colour-blind eyes: light works, dark does not.
WORKS, FAILS, UNKNOWN = (64, 176, 166), (176, 48, 96), (120, 120, 120)
_CLOTH = (232, 226, 212)
_LIFT_M = 0.0015
_AROUND_M = 0.05


def sensor_mesh(
    worn: Worn, sensor: Sensor, color: tuple[int, int, int], *, lift_m: float = _LIFT_M
) -> "PaintedMesh":
    """A sensor as a painted patch just above the cloth.

    Args:
        worn: The garment at rest.
        sensor: The sensor.
        color: Displayed sRGB.
        lift_m: How far above the cloth.
    """
    from fitting.cloth.skin import vertex_normals
    from fitting.preview import PaintedMesh

    x = worn.drape.positions_m
    lifted = x + lift_m * vertex_normals(x, worn.cloth.faces)
    mesh = PanelMesh(worn.cloth, worn.cloth.panel_names.index(sensor.panel))
    rows, corners = _pieces(mesh, sensor)
    weights = mesh.barycentric(rows[:, None], corners)
    points = np.einsum("nck,nkd->ncd", weights, lifted[worn.cloth.faces[mesh.faces[rows]]])
    vertices = points.reshape(-1, 3)
    return PaintedMesh(
        name=sensor.name,
        vertices_m=vertices,
        faces=np.arange(len(vertices)).reshape(-1, 3),
        colors=np.tile(np.array(color, dtype=np.uint8), (len(vertices), 1)),
        two_sided=True,
        self_lit=True,
    )


def _pieces(mesh: PanelMesh, sensor: Sensor) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Triangles that fill a sensor's outline, each inside one of the mesh, shape (n, 3, 2)."""
    import shapely

    outline = shapely.Polygon(sensor.cover_m())
    rows, triangles = [], []
    for row in mesh.near(sensor.cover_m()):
        part = shapely.Polygon(mesh.corners[row]).intersection(outline)
        for piece in shapely.get_parts(shapely.delaunay_triangles(part)):
            if piece.area > 1e-12 and part.contains(piece.centroid):
                rows.append(row)
                triangles.append(shapely.get_coordinates(piece)[:3])
    return np.array(rows, dtype=np.int64), np.array(triangles).reshape(-1, 3, 2)


def sensor_meshes(worn: Worn, readings: Sequence[Reading]) -> tuple["PaintedMesh", ...]:
    """Body, plain garment, and every sensor in the colour of its verdict."""
    from fitting.preview import PaintedMesh, body_mesh, seam_mesh

    x = worn.drape.positions_m
    cloth = PaintedMesh(
        name="garment", vertices_m=x, faces=worn.cloth.faces, two_sided=True,
        colors=np.tile(np.array(_CLOTH, dtype=np.uint8), (len(x), 1)),
    )  # fmt: skip
    seams = seam_mesh(worn.cloth, x)
    patches = [sensor_mesh(worn, reading.sensor, color_of(reading)) for reading in readings]
    return (body_mesh(worn.body), cloth, *([] if seams is None else [seams]), *patches)


def color_of(reading: Reading) -> tuple[int, int, int]:
    """Colour of a verdict."""
    if not reading.converged or not reading.requirement:
        return UNKNOWN
    return WORKS if reading.works else FAILS


def write_picture(
    path: Path,
    worn: Worn,
    readings: Sequence[Reading],
    *,
    title: str,
    backend: "Backend" = "numpy",
    views: "tuple[View, ...]" = ("front", "three_quarter", "back"),
) -> None:
    """Write a PNG of the sensors on the dressed body, with what they say under it.

    Args:
        path: File to write.
        worn: The garment at rest.
        readings: Its sensors.
        title: What it is.
        backend: What draws.
        views: From where.
    """
    from fitting.preview import AZIMUTH_RAD, Camera, Cell, contact_sheet

    meshes = sensor_meshes(worn, readings)
    x = worn.drape.positions_m
    low, high = x.min(axis=0) - _AROUND_M, x.max(axis=0) + _AROUND_M
    size_px = 460
    height_m = float(max(high[1] - low[1], np.hypot(high[0] - low[0], high[2] - low[2])))
    cells = tuple(
        Cell(
            title=view,
            lines=(),
            meshes=meshes,
            camera=Camera(
                azimuth_rad=AZIMUTH_RAD[view], center_m=(low + high) / 2, height_m=height_m
            ),
            converged=worn.drape.converged if i == 0 else None,
        )
        for i, view in enumerate(views)
    )
    sheet = contact_sheet(
        cells, None, n_columns=len(views), title=title, cell_width_px=size_px,
        cell_height_px=size_px, backend=backend,
    )  # fmt: skip
    _with_table(sheet, readings).save(path)


def _with_table(sheet: "Image.Image", readings: Sequence[Reading]) -> "Image.Image":
    """The sheet with a row for each sensor below: its colour, place and verdict."""
    from PIL import ImageDraw
    from PIL.Image import new

    from fitting.preview.labels import FAINT, INK, fit_text, font

    row_px, margin = 46, 28
    whole = new("RGB", (sheet.width, sheet.height + row_px * len(readings) + 20), "white")
    whole.paste(sheet, (0, 0))
    draw = ImageDraw.Draw(whole)
    for i, reading in enumerate(readings):
        top = sheet.height + 6 + i * row_px
        draw.rectangle((margin, top + 4, margin + 18, top + 22), fill=color_of(reading))
        room = sheet.width - 2 * margin - 40
        said = f"{reading.sensor.name}: {reading.verdict}"
        draw.text((margin + 32, top), fit_text(draw, said, room, font(17)), INK, font(17))
        where = f"{summary(reading)}; {reading.place}"
        draw.text((margin + 32, top + 22), fit_text(draw, where, room, font(14)), FAINT, font(14))
    return whole


def summary(reading: Reading) -> str:
    """The numbers of a reading in one line."""
    mean, least = reading.pressure_mean_pa / 1000, reading.pressure_least_pa / 1000
    said = [
        f"{mean:.2f} kPa (least {least:.2f})", f"{reading.contact_share:.0%} in contact",
        f"strain {reading.strain:+.1%}",
    ]  # fmt: skip
    if reading.sensor.kind == "imu":
        said.append(f"tilt {np.degrees(reading.tilt_rad):.0f} degrees")
    if np.isfinite(reading.slip_margin):
        said.append(f"slip margin {reading.slip_margin:.1f}")
    return ", ".join(said)
