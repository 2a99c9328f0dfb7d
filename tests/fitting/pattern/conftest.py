"""Comparison of patterns that several tests share."""

import numpy as np
import pytest


@pytest.fixture
def distance_m():
    """Largest distance between the same points of two patterns, notches included."""

    def measure(one, other):
        share, worst = np.linspace(0, 1, 33), 0.0
        assert [p.name for p in one.panels] == [p.name for p in other.panels]
        for p, q in zip(one.panels, other.panels, strict=True):
            assert len(p.edges) == len(q.edges)
            assert len(p.notches) == len(q.notches)
            assert len(p.internal_lines) == len(q.internal_lines)
            assert len(p.holes) == len(q.holes)
            for i in range(len(p.edges)):
                gap = np.abs(p.points_m(i, share) - q.points_m(i, share)).max()
                worst = max(worst, float(gap))
            for m, n in zip(p.notches, q.notches, strict=True):
                at = [panel.points_m(x.edge, np.array([x.share])) for panel, x in ((p, m), (q, n))]
                worst = max(worst, float(np.abs(at[0] - at[1]).max()))
        return worst

    return measure
