"""The registry of blocks: every garment that is drafted from tape measures, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from fitting.body.measurements import Measurements
from fitting.errors import PatternError
from fitting.pattern import (
    block_bands,
    block_base_layer,
    block_leggings,
    block_skirt,
    block_tank,
    block_trousers,
    block_tshirt,
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
          draft=block_tshirt.draft_tshirt, ease=block_tshirt.TshirtEase()),
    Block(name="base_layer", text="long-sleeved base layer of knit", fabric="compression_knit",
          draft=block_base_layer.draft_base_layer, ease=block_base_layer.BaseLayerEase()),
    Block(name="tank", text="tank without sleeves", fabric="cotton_jersey",
          draft=block_tank.draft_tank, ease=block_tank.TankEase()),
    Block(name="leggings", text="leggings with gusset and waistband", fabric="compression_knit",
          draft=block_leggings.draft_leggings, ease=block_leggings.LeggingsEase()),
    Block(name="trousers", text="straight woven trousers with waistband", fabric="denim",
          draft=block_trousers.draft_trousers, ease=block_trousers.TrousersEase()),
    Block(name="skirt", text="A-line skirt with darts and waistband", fabric="poplin",
          draft=block_skirt.draft_skirt, ease=block_skirt.SkirtEase()),
    Block(name="chest_band", text="chest band for sensors", fabric="compression_knit",
          draft=block_bands.draft_chest_band, ease=block_bands.ChestBandEase()),
    Block(name="knee_sleeve", text="knee sleeve for sensors", fabric="compression_knit",
          draft=block_bands.draft_knee_sleeve, ease=block_bands.KneeSleeveEase()),
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
