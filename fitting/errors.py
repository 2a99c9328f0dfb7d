"""Errors of the garment half.

FittingError
├── MeasurementError (ValueError)  a tape measure out of range, or in the wrong unit
├── PoseError (ValueError)         a joint angle, pose or clip that no body can take
├── ScanError (ValueError)         a scan that cannot be read or registered
├── PatternError (ValueError)      a pattern that cannot be sewn; names panel and edge
├── FabricError (ValueError)       an unknown fabric or an impossible number
├── DrapeError (ValueError)        input the engine cannot start from
├── FitClassError (ValueError)     thresholds of a fit that contradict themselves
└── PreviewError (RuntimeError)    a picture that cannot be drawn
"""


class FittingError(Exception):
    """Base of all errors raised here."""


class MeasurementError(FittingError, ValueError):
    """A tape measure out of human range, or in the wrong unit."""


class PoseError(FittingError, ValueError):
    """A joint angle, pose or clip that no body can take."""


class ScanError(FittingError, ValueError):
    """A scan that cannot be read or registered."""


class PatternError(FittingError, ValueError):
    """A pattern that cannot be read or sewn."""


class FabricError(FittingError, ValueError):
    """An unknown fabric, or a number no fabric has."""


class DrapeError(FittingError, ValueError):
    """Input the engine cannot start from."""


class FitClassError(FittingError, ValueError):
    """A fit class that is not known, or thresholds that contradict themselves."""


class PreviewError(FittingError, RuntimeError):
    """A picture that cannot be drawn."""
