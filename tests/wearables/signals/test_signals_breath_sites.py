"""Which channels may be read as breath."""

import pytest

from wearables.signals.breath.sites import shows_breath


@pytest.mark.parametrize(
    ("kind", "site", "wanted"),
    [
        ("respiration", "abdomen", True),
        ("strain", "Chest", True),
        ("strain", "", True),
        ("strain", "left knee", False),
        ("strain", "right elbow", False),
        ("acc", "chest", False),
    ],
)
def test_only_belts_and_lines_round_the_trunk_breathe(kind, site, wanted):
    assert shows_breath(kind, site) is wanted
