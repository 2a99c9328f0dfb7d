"""The tech pack: what a factory needs to sew a garment, as one PDF; every number from the run."""

from muslin.techpack.pack import TechpackResult, techpack

__all__ = ["TechpackResult", "techpack"]
