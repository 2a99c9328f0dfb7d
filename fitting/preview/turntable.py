"""A turn round the wearer as an animated picture, every frame with the true colours."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from fitting.errors import PreviewError
from fitting.preview.colors import Scale
from fitting.preview.labels import LEGEND_PX, legend_picture
from fitting.preview.render import Backend, render
from fitting.preview.scene import Camera, PaintedMesh, turntable

_FRAME_MS = 110
# Animated PNG and lossless WebP keep colours exact; GIF has 256 and would not match the legend.
FORMATS = (".png", ".webp")


def write_turntable(
    path: Path,
    meshes: tuple[PaintedMesh, ...],
    camera: Camera,
    *,
    scale: Scale | None = None,
    n_pictures: int = 36,
    width_px: int = 600,
    height_px: int = 750,
    backend: Backend = "numpy",
    flat: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write an animated PNG or WebP.

    Args:
        path: File to write; ``.png`` or ``.webp``.
        meshes: What to draw.
        camera: First picture.
        scale: Legend below each picture.
        n_pictures: Pictures of one turn.
        width_px: Width of a picture.
        height_px: Height of a picture, without the legend.
        backend: What draws them.
        flat: Draw colours without shading.
        progress: Called after each picture with its number and how many there are.

    Raises:
        PreviewError: If the format cannot hold the colours.
        OSError: If the file cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise PreviewError(
            f"a turntable is written as {' or '.join(FORMATS)}, not {path.suffix or 'without one'}"
        )
    foot = None if scale is None else legend_picture(scale, width_px)
    frames = []
    for i, turned in enumerate(turntable(camera, n_pictures), start=1):
        picture = render(
            meshes, turned, width_px=width_px, height_px=height_px, backend=backend, flat=flat
        )
        frame = Image.new("RGB", (width_px, height_px + (LEGEND_PX if foot else 0)))
        frame.paste(Image.fromarray(picture), (0, 0))
        if foot is not None:
            frame.paste(foot, (0, height_px))
        frames.append(frame)
        if progress is not None:
            progress(i, n_pictures)
    options = {"compress_level": 3} if path.suffix.lower() == ".png" else {"lossless": True}
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=_FRAME_MS, loop=0, **options
    )
