"""Sewing patterns: read, draft, check."""

from fitting.pattern.block import BLOCKS, Block, block_names, draft_block, find_block
from fitting.pattern.block_tshirt import TshirtEase, draft_tshirt
from fitting.pattern.curve import Edge
from fitting.pattern.figure import complete_measures
from fitting.pattern.finding import Finding
from fitting.pattern.garmentcode import pattern_from_garmentcode, read_garmentcode
from fitting.pattern.garmentcode_write import garmentcode_from_pattern
from fitting.pattern.marks import Hole, InternalLine, Notch
from fitting.pattern.model import Half, Panel, Pattern, Wrap
from fitting.pattern.seam import Run, Seam, SeamKind
from fitting.pattern.split import split_seams
from fitting.pattern.validate import CheckSettings, check_pattern

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
    "garmentcode_from_pattern",
    "pattern_from_garmentcode",
    "read_garmentcode",
    "split_seams",
]
