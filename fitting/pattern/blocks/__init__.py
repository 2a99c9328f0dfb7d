"""Blocks: garments drafted from tape measures, one file each; `registry` knows them by name."""
