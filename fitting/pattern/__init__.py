"""Sewing patterns: read, draft, check."""

from fitting.pattern.block_tshirt import TshirtEase, draft_tshirt
from fitting.pattern.curve import Edge
from fitting.pattern.garmentcode import (
    garmentcode_from_pattern,
    pattern_from_garmentcode,
    read_garmentcode,
)
from fitting.pattern.marks import Hole, InternalLine, Notch
from fitting.pattern.model import Half, Panel, Pattern, Wrap
from fitting.pattern.seam import Run, Seam, SeamKind
from fitting.pattern.validate import Finding, check_pattern

__all__ = [
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
    "check_pattern",
    "draft_tshirt",
    "garmentcode_from_pattern",
    "pattern_from_garmentcode",
    "read_garmentcode",
]
