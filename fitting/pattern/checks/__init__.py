"""Checks of a pattern: outlines, single seams, the whole garment, and whether a body gets in."""
