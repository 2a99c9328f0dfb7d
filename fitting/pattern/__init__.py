"""Sewing patterns: read, draft, check."""

from fitting.pattern.block_tshirt import TshirtEase, draft_tshirt
from fitting.pattern.garmentcode import (
    garmentcode_from_pattern,
    pattern_from_garmentcode,
    read_garmentcode,
)
from fitting.pattern.model import Edge, Panel, Pattern, Seam
from fitting.pattern.validate import Finding, check_pattern

__all__ = [
    "Edge",
    "Finding",
    "Panel",
    "Pattern",
    "Seam",
    "TshirtEase",
    "check_pattern",
    "draft_tshirt",
    "garmentcode_from_pattern",
    "pattern_from_garmentcode",
    "read_garmentcode",
]
