"""The registry of blocks: every garment that is drafted from tape measures, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from fitting.body.measurements import Measurements
from fitting.errors import PatternError
from fitting.pattern.blocks import (
    bands,
    base_layer,
    leggings,
    skirt,
    tank,
    trousers,
    tshirt,
)
from fitting.pattern.model import Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One garment that can be drafted.

    Attributes:
        name: Key on the command line.
        text: What it is.
        draft: Makes it from measures, with ``ease`` and ``size_step``.
        ease: Its ease as it is without a wish; every field can be changed.
        fabric: Card of a fabric that it is usually cut from.
    """

    name: str
    text: str
    draft: Callable[..., Pattern]
    ease: Any
    fabric: str


_BLOCKS = (
    Block(name="tshirt", text="T-shirt with set-in sleeves", fabric="cotton_jersey",
          draft=tshirt.draft_tshirt, ease=tshirt.TshirtEase()),
    Block(name="base_layer", text="long-sleeved base layer of knit", fabric="compression_knit",
          draft=base_layer.draft_base_layer, ease=base_layer.BaseLayerEase()),
    Block(name="tank", text="tank without sleeves", fabric="cotton_jersey",
          draft=tank.draft_tank, ease=tank.TankEase()),
    Block(name="leggings", text="leggings with gusset and waistband", fabric="compression_knit",
          draft=leggings.draft_leggings, ease=leggings.LeggingsEase()),
    Block(name="trousers", text="straight woven trousers with waistband", fabric="denim",
          draft=trousers.draft_trousers, ease=trousers.TrousersEase()),
    Block(name="skirt", text="A-line skirt with darts and waistband", fabric="poplin",
          draft=skirt.draft_skirt, ease=skirt.SkirtEase()),
    Block(name="chest_band", text="chest band for sensors", fabric="compression_knit",
          draft=bands.draft_chest_band, ease=bands.ChestBandEase()),
    Block(name="knee_sleeve", text="knee sleeve for sensors", fabric="compression_knit",
          draft=bands.draft_knee_sleeve, ease=bands.KneeSleeveEase()),
)  # fmt: skip
BLOCKS: Mapping[str, Block] = {block.name: block for block in _BLOCKS}


def block_names() -> tuple[str, ...]:
    """Names of all blocks."""
    return tuple(BLOCKS)


def find_block(name: str) -> Block:
    """Find a block by name.

    Raises:
        PatternError: If there is none; lists those that exist.
    """
    if name not in BLOCKS:
        raise PatternError(f"block {name!r} is not known; known are {', '.join(BLOCKS)}")
    return BLOCKS[name]


def draft_block(
    name: str, measurements: Measurements, *, ease: Mapping[str, float] | None = None,
    size_step: int = 0,
) -> Pattern:  # fmt: skip
    """Draft a garment by name.

    Args:
        name: Name of the block.
        measurements: Of the wearer.
        ease: Changes to the block's ease, by field name.
        size_step: Sizes up or down.

    Raises:
        PatternError: If the block or an ease is not known, a measure is missing, or nothing is
            left to sew.
    """
    block = find_block(name)
    known = {field.name for field in fields(block.ease)}
    for key in ease or {}:
        if key not in known:
            raise PatternError(f"{name} has no ease {key!r}; it has {', '.join(sorted(known))}")
    return block.draft(measurements, ease=replace(block.ease, **(ease or {})), size_step=size_step)
