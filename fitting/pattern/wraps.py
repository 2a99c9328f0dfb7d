"""Which part of the body a panel goes round, from its name, its label and its own placement."""

import re

import numpy as np

from fitting.pattern.model import Half, Wrap

# A panel that faces front or back within this angle, upright or turned by right angles, can go
# round the torso or the legs; others stay where the file puts them.
MAX_TURN_RAD = np.radians(20.0)
_SLEEVE = ("sleeve", "cuff", "arm")
_LEG = ("leg", "legs", "pant", "pants", "trouser", "trousers", "jeans", "shorts", "jumpsuit")
_TORSO = ("torso", "top", "up", "upper", "bodice", "body", "shirt", "tee", "yoke")
_NAMED: tuple[tuple[tuple[str, ...], Wrap], ...] = (
    (("hood",), "head"),
    (("collar", "neck", "neckband"), "neck"),
    (("wb", "waistband", "belt"), "waist"),
    (("skirt",), "skirt"),
)
_FRONT = ("front", "fr", "ft", "f", "ftorso", "rf", "lf", "vorne")
_BACK = ("back", "bk", "b", "btorso", "rb", "lb")


def words_of(name: str) -> list[str]:
    """Words of a panel's name: ``left_btorso``, ``lfsleeve`` and ``Lback`` come apart."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = [word for word in re.split(r"[^A-Za-z]+", spaced.lower()) if word]
    apart = []
    for word in words:
        match = re.fullmatch(r"([lr])?([fb])?(sleeve|torso|front|back|hood|cuff|leg)", word)
        apart += [part for part in match.groups() if part] if match else [word]
    return apart


def side_of(name: str, x_m: float = 0.0) -> str:
    """``l`` or ``r`` of the wearer: the name decides, else the place; x is to the wearer's left."""
    return side_named(name) or ("l" if x_m >= 0 else "r")


def side_named(name: str) -> str | None:
    """``l`` or ``r`` as the words of a name say, none where they do not."""
    words = set(words_of(name))
    if {"left", "l"} & words:
        return "l"
    return "r" if {"right", "r"} & words else None


def half_of(name: str, z_m: float = 0.0) -> Half:
    """Front or back: the name decides, else the place; z is forward."""
    return half_named(name) or ("front" if z_m >= 0 else "back")


def half_named(name: str) -> Half | None:
    """Front or back as the words of a name say, none where they do not."""
    words = set(words_of(name))
    if words & set(_FRONT) and not words & set(_BACK):
        return "front"
    if words & set(_BACK) and not words & set(_FRONT):
        return "back"
    return None


def guess_wrap(
    name: str,
    *,
    label: str = "",
    translation_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    rotation_rad: tuple[float, float, float] = (0.0, 0.0, 0.0),
    family: str = "",
) -> tuple[Wrap, Half]:
    """Part of the body and half of it.

    Args:
        name: Name of the panel.
        label: Its label in the file: ``arm``, ``leg``, ``body``.
        translation_m: Where the file places it.
        rotation_rad: How the file turns it.
        family: Words of the garment, which decide where the panel's own name does not.
    """
    words, x, z = set(words_of(name)), translation_m[0], translation_m[2]
    half, side = half_of(name, z), side_of(name, x)
    if words & set(_SLEEVE) or label == "arm":
        return ("sleeve_l" if side == "l" else "sleeve_r"), half
    for known, wrap in _NAMED:
        if words & set(known):
            upright = wrap != "skirt" or _faces_front_or_back(rotation_rad)
            return (wrap if upright else "as_placed"), half
    torso: tuple[Wrap, Half] = ("torso_front" if half == "front" else "torso_back"), "whole"
    garment = set(words_of(family))
    one_side = bool({"l", "r", "left", "right"} & words)
    is_leg = words & set(_LEG) or label == "leg" or (one_side and garment & set(_LEG))
    if is_leg and not words & set(_TORSO):
        return ("leg_l" if side == "l" else "leg_r"), half
    if not _faces_front_or_back(rotation_rad):
        return "as_placed", half
    is_skirt = garment & {"skirt", "skirts"} and not words & set(_TORSO) and label != "body"
    return ("skirt", half) if is_skirt else torso


def _faces_front_or_back(rotation_rad: tuple[float, float, float]) -> bool:
    x, y, z = rotation_rad
    facing = abs(np.cos(x) * np.cos(y)) > np.cos(MAX_TURN_RAD)
    off_right_angle = abs((z + np.pi / 4) % (np.pi / 2) - np.pi / 4)
    return bool(facing and off_right_angle <= MAX_TURN_RAD)


def wrap_of_loose(name: str) -> tuple[Wrap, Half]:
    """Part of the body for a panel that no file places: only its own words count."""
    words = set(words_of(name))
    known = {word for group, _ in _NAMED for word in group} | set(_SLEEVE) | set(_LEG)
    if words & (known | set(_FRONT) | set(_BACK)):
        return guess_wrap(name)
    return "as_placed", "whole"
