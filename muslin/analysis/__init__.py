"""What a session says about its wearer: heart, breath, movement, skin, activity, data quality.

`muslin.analyze.analyze` puts an `Analysis` together from these; `muslin.report` draws it. They know
neither files nor pages.
"""

from muslin.analysis.result import Analysis, ClockSummary, StreamSummary

__all__ = ["Analysis", "ClockSummary", "StreamSummary"]
