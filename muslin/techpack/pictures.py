"""Pictures of a fit for the tech pack: views under one legend, same camera for all sizes."""

from typing import TYPE_CHECKING

from muslin.techpack.content import Pack, PackSize

if TYPE_CHECKING:
    from PIL.Image import Image

    from fitting.preview import View


# A band alone says nothing of where it sits.
_LEAST_HEIGHT_M = 0.6


def fit_picture(pack: Pack, size: PackSize, map_name: str, *, views: tuple["View", ...]) -> "Image":
    """Draw a size on its body.

    Args:
        pack: Whose highest and lowest garment frame every size.
        size: What to draw.
        map_name: Map on the cloth.
        views: Directions, left to right.
    """
    from fitting.preview import Cell, camera_for, contact_sheet, dressed, map_style
    from fitting.preview.sheet import crop_between

    style = map_style(map_name)
    meshes = dressed(size.body, size.cloth, size.drape, size.map, style)
    heights = [each.drape.positions_m[:, 1] for each in pack.sizes]
    low_m = max(min(float(h.min()) for h in heights) - 0.08, 0.0)
    high_m = max(float(h.max()) for h in heights) + 0.08
    more_m = max(_LEAST_HEIGHT_M - (high_m - low_m), 0.0) / 2
    low_m, high_m = low_m - more_m, high_m + more_m
    cells = tuple(
        Cell(
            title="", lines=(), meshes=meshes,
            camera=crop_between(camera_for(view, meshes[:1]), low_m, high_m),
            converged=size.drape.converged if i == 0 else None,
        )
        for i, view in enumerate(views)
    )  # fmt: skip
    return contact_sheet(cells, style.scale, n_columns=len(views))
