"""Many fits over night: bodies, sizes and fabrics over processes or a cluster.

Every case has a key that is a hash of all its inputs; its result is one file. A rerun does what is
missing. The table is in the order of the request and holds no times, so it is the same however the
cases were run.
"""

from muslin.batch.analyze import BatchAnalysis, batch_analyze
from muslin.batch.bodies import read_bodies
from muslin.batch.fit import BatchResult, batch_fit

__all__ = [
    "BatchAnalysis",
    "BatchResult",
    "batch_analyze",
    "batch_fit",
    "read_bodies",
]
