"""Sewing patterns: read, draft, check. Metres; files speak centimetres, millimetres or inches.

`read_pattern` opens every known format, `draft_block` drafts a garment for a body (`blocks`, one
file each), `inspect_pattern` and `check_pattern` list what cannot be sewn or worn (`checks`).
Files are read and written in `formats`; `seams` proposes what a file leaves out; `panels` opens
folds, cuts edges, and takes allowance off.
"""

from fitting.pattern.blocks.registry import BLOCKS, Block, block_names, draft_block, find_block
from fitting.pattern.blocks.tshirt import TshirtEase, draft_tshirt
from fitting.pattern.checks.pattern import CheckSettings, check_pattern
from fitting.pattern.curve import Edge
from fitting.pattern.figure import complete_measures
from fitting.pattern.finding import Finding
from fitting.pattern.formats.garmentcode import pattern_from_garmentcode, read_garmentcode
from fitting.pattern.formats.garmentcode_write import garmentcode_from_pattern
from fitting.pattern.marks import Hole, InternalLine, Notch
from fitting.pattern.model import Half, Panel, Pattern, Wrap
from fitting.pattern.panels.split import split_seams
from fitting.pattern.read import (
    format_of,
    inspect_pattern,
    pattern_formats,
    read_pattern,
    read_pattern_sizes,
)
from fitting.pattern.reading import PatternFormat, Reading, ReadOptions
from fitting.pattern.seam import Run, Seam, SeamKind

__all__ = [
    "BLOCKS",
    "Block",
    "CheckSettings",
    "Edge",
    "Finding",
    "Half",
    "Hole",
    "InternalLine",
    "Notch",
    "Panel",
    "Pattern",
    "PatternFormat",
    "ReadOptions",
    "Reading",
    "Run",
    "Seam",
    "SeamKind",
    "TshirtEase",
    "Wrap",
    "block_names",
    "check_pattern",
    "complete_measures",
    "draft_block",
    "draft_tshirt",
    "find_block",
    "format_of",
    "garmentcode_from_pattern",
    "inspect_pattern",
    "pattern_formats",
    "pattern_from_garmentcode",
    "read_garmentcode",
    "read_pattern",
    "read_pattern_sizes",
    "split_seams",
]
