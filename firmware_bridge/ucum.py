"""Whether a text is a unit of UCUM, case sensitive (The Unified Code for Units of Measure, 2.1).

Knows the grammar and the atoms that sensors of bodies and clothes have; an atom that is missing
here can stand in braces, as an annotation: ``{tap}``.
"""

import re

_TAKE_A_PREFIX = """
m s g rad K C cd mol sr Hz N Pa J W A V F Ohm S Wb Cel T H lm lx Bq Gy Sv l L ar t bar u eV cal [g]
m[Hg] m[H2O] B B[V] B[mV] B[W] B[SPL] Np By bit bd tex G dyn erg P St U kat eq osm [iU] [IU] g% st
Bi Gal
"""
_STAND_ALONE = """
1 10* 10^ % [ppth] [ppm] [ppb] [pptr] [pi] min h d wk mo a a_j deg ' '' gon circ sph att atm [degF]
[degR] [in_i] [ft_i] [yd_i] [mi_i] [lbf_av] [lb_av] [oz_av] [psi] [pH] [Cal] [car] bit_s [HP] [den]
[HPF] [diop] [G] [c] [e] [k] [h]
"""
_METRIC, _PLAIN = frozenset(_TAKE_A_PREFIX.split()), frozenset(_STAND_ALONE.split())
_PREFIXES = (
    "da", "Ki", "Mi", "Gi", "Ti", "y", "z", "a", "f", "p", "n", "u", "m", "c", "d", "h", "k", "M",
    "G", "T", "P", "E", "Z", "Y",
)  # fmt: skip
_ANNOTATION = re.compile(r"\{[\x21-\x7a|~]*\}")
_INNERMOST = re.compile(r"\(([^()]*)\)")
_POWER = re.compile(r"(.+?)([+-]?\d+)?")
# Stands for what was found right; no unit holds it.
_RIGHT = "\0"


def is_ucum(unit: str) -> bool:
    """Whether a text is a unit: ``m/s2``, ``[g]``, ``mm[Hg]``, ``/min``, ``{count}``."""
    if _RIGHT in unit or not unit:
        return False
    text = _ANNOTATION.sub(_RIGHT, unit)
    while found := _INNERMOST.search(text):
        if not _is_term(found[1]):
            return False
        text = text[: found.start()] + _RIGHT + text[found.end() :]
    return _is_term(text)


def _is_term(text: str) -> bool:
    return all(map(_is_component, re.split(r"[./]", text.removeprefix("/"))))


def _is_component(text: str) -> bool:
    if text.startswith(_RIGHT):
        return re.fullmatch(r"\0([+-]?\d+)?", text) is not None
    text = text.removesuffix(_RIGHT)
    if text.isdigit() or _is_atom(text):
        return True
    found = _POWER.fullmatch(text)
    return found is not None and found[2] is not None and _is_atom(found[1])


def _is_atom(text: str) -> bool:
    if text in _METRIC or text in _PLAIN:
        return True
    return any(text.startswith(p) and text[len(p) :] in _METRIC for p in _PREFIXES)
