"""Markers: cut pieces of a size mix laid on a fabric width. Metres; the roll runs along x."""

from fitting.nesting.check import MarkerFault, check_marker
from fitting.nesting.marker import Marker, PlacedPiece
from fitting.nesting.piece import Allowance, CutPiece, cut_pieces
from fitting.nesting.search import NestSettings, nest_pieces

__all__ = [
    "Allowance",
    "CutPiece",
    "Marker",
    "MarkerFault",
    "NestSettings",
    "PlacedPiece",
    "check_marker",
    "cut_pieces",
    "nest_pieces",
]
