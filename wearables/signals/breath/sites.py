"""Where a channel must sit to show breath."""

_TRUNK = ("chest", "thor", "rib", "abdom", "belly", "waist", "trunk", "torso")


def shows_breath(kind: str, site: str) -> bool:
    """Whether a channel may be read as breath: a belt, or a strain line round the trunk.

    Over a knee a strain line would tell steps as breaths. One whose site nobody stated counts.

    Args:
        kind: Kind of the channel, as in a garment's schema.
        site: Its site; empty where it is not stated.
    """
    if kind != "strain":
        return kind == "respiration"
    return not site or any(word in site.lower() for word in _TRUNK)
