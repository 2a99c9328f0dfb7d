"""Read measurement files of Seamly2D and Valentina: ``.vit``, ``.smis``, ``.vst``, ``.smms``.

XML with a unit and measures by name. A value may be an expression of other measures, such as
``@arm*1.5 + 2``; it goes through a small arithmetic reader, never through Python itself. A
multi-size file has a base, and what each size and height step adds.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from fitting.body.measurements import Measurements, Sex
from fitting.errors import MeasurementError

SUFFIXES = (".vit", ".smis", ".vst", ".smms")
MAX_BYTES = 4_000_000
MAX_DEPTH = 60
UNITS_CM = {"cm": 1.0, "mm": 0.1, "inch": 2.54}
# Their names, ours. What is not here is listed as not mapped.
NAMES = {
    "height": "stature",
    "bust_circ": "bust_girth",
    "lowbust_circ": "under_bust_girth",
    "waist_circ": "waist_girth",
    "hip_circ": "hip_girth",
    "neck_circ": "neck_girth",
    "arm_upper_circ": "upper_arm_girth",
    "arm_wrist_circ": "wrist_girth",
    "leg_thigh_upper_circ": "thigh_girth",
    "leg_knee_circ": "knee_girth",
    "leg_calf_circ": "calf_girth",
    "leg_ankle_circ": "ankle_girth",
    "shoulder_tip_to_shoulder_tip_b": "shoulder_width",
    "arm_shoulder_tip_to_wrist": "arm_length",
    "leg_crotch_to_floor": "inside_leg_height",
}
_SEXES: dict[str, Sex] = {"female": "female", "male": "male"}
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|([@#]?[^\W\d]\w*)|([-+*/()]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamlyMeasures:
    """What a file holds.

    Attributes:
        measurements: Measures that have a name here.
        not_mapped: Names of measures that have none here, in file order.
        sex: What the file says of the person, if it does.
    """

    measurements: Measurements
    not_mapped: tuple[str, ...]
    sex: Sex | None = None


def read_seamly(path: Path, *, size_steps: int = 0, height_steps: int = 0) -> SeamlyMeasures:
    """Read a measurement file.

    Args:
        path: File of one person, or of many sizes.
        size_steps: Sizes above the base, in a multi-size file.
        height_steps: Heights above the base, in a multi-size file.

    Raises:
        MeasurementError: If it is no such file, an expression cannot be worked out, or a value is
            not human.
    """
    texts, unit_cm, sex = _texts(path)
    values: dict[str, float] = {}
    for name, (base, per_size, per_height) in texts.items():
        steps = size_steps * _number(per_size, path) + height_steps * _number(per_height, path)
        values[name] = _Evaluator(texts, path).value(name) if not steps else (
            _Evaluator({**texts, name: (base, "0", "0")}, path).value(name) + steps
        )  # fmt: skip
    known = {field for field in NAMES.values() if field in Measurements.__dataclass_fields__}
    given = {
        NAMES[name]: value * unit_cm
        for name, value in values.items()
        if name in NAMES and NAMES[name] in known and value > 0
    }
    if not given:
        raise MeasurementError(f"{path} holds none of the measures {', '.join(NAMES)}")
    rest = tuple(name for name in values if name not in NAMES or NAMES[name] not in known)
    return SeamlyMeasures(measurements=Measurements.from_cm(given), not_mapped=rest, sex=sex)


def _texts(path: Path) -> tuple[dict[str, tuple[str, str, str]], float, Sex | None]:
    """Value, growth by size and by height of every measure as text; the unit [cm]; the sex."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        if path.stat().st_size > MAX_BYTES:
            raise MeasurementError(f"{path} is larger than {MAX_BYTES / 1e6:.0f} MB")
        root = fromstring(path.read_bytes())
    except OSError as error:
        raise MeasurementError(f"measurement file {path} cannot be read: {error}") from error
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise MeasurementError(f"{path} is not readable XML: {error!r}") from error
    unit = (root.findtext("unit") or "").strip()
    if unit not in UNITS_CM:
        raise MeasurementError(f"{path}: unit {unit!r} is not one of {', '.join(UNITS_CM)}")
    texts = {
        m.attrib["name"]: (
            m.attrib.get("value", m.attrib.get("base", "0")) or "0",
            m.attrib.get("size_increase", "0") or "0",
            m.attrib.get("height_increase", "0") or "0",
        )
        for m in root.iter("m")
        if m.attrib.get("name")
    }
    gender = (root.findtext("personal/gender") or root.findtext("gender") or "").strip().lower()
    return texts, UNITS_CM[unit], _SEXES.get(gender)


def _number(text: str, path: Path) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise MeasurementError(f"{path}: step {text!r} is not a number") from error


class _Evaluator:
    """Sums and products of numbers and other measures; finds rings."""

    def __init__(self, texts: dict[str, tuple[str, str, str]], path: Path) -> None:
        self._texts, self._path = texts, path
        self._open: list[str] = []
        self._done: dict[str, float] = {}

    def value(self, name: str) -> float:
        """Value of a measure in the file's unit."""
        if name in self._done:
            return self._done[name]
        if name in self._open:
            ring = " -> ".join([*self._open, name])
            raise MeasurementError(f"{self._path}: measures depend on each other: {ring}")
        if name not in self._texts:
            raise MeasurementError(f"{self._path}: measure {name!r} is used, but not given")
        if len(self._open) > MAX_DEPTH:
            raise MeasurementError(f"{self._path}: {name!r} depends on too many others")
        self._open.append(name)
        result = self._evaluated(name)
        self._open.pop()
        self._done[name] = result
        return result

    def _evaluated(self, name: str) -> float:
        text = self._texts[name][0]
        tokens = self._tokens(name, text)
        try:
            result = self._sum(tokens, 0)
        except MeasurementError:
            raise
        except (IndexError, ValueError, ZeroDivisionError, OverflowError) as error:
            raise self._bad(name, text) from error
        if tokens:
            raise self._bad(name, text)
        return result

    def _bad(self, name: str, text: str) -> MeasurementError:
        return MeasurementError(f"{self._path}: {name} = {text!r} cannot be worked out")

    def _tokens(self, name: str, text: str) -> list[str]:
        """Tokens in reverse, so that the next one is popped."""
        text = re.sub(r"(?<=\d),(?=\d)", ".", text).strip()
        tokens, at = [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or len(tokens) > 1000:
                raise self._bad(name, text)
            tokens.append(match.group(match.lastindex or 0))
            at = match.end()
        return tokens[::-1]

    def _sum(self, tokens: list[str], depth: int) -> float:
        total = self._product(tokens, depth)
        while tokens and tokens[-1] in "+-":
            sign = 1.0 if tokens.pop() == "+" else -1.0
            total += sign * self._product(tokens, depth)
        return total

    def _product(self, tokens: list[str], depth: int) -> float:
        total = self._atom(tokens, depth)
        while tokens and tokens[-1] in "*/":
            if tokens.pop() == "*":
                total *= self._atom(tokens, depth)
            else:
                total /= self._atom(tokens, depth)
        return total

    def _atom(self, tokens: list[str], depth: int) -> float:
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        token = tokens.pop()
        if token == "(":
            inner = self._sum(tokens, depth + 1)
            if tokens.pop() != ")":
                raise ValueError("a bracket stays open")
            return inner
        if token in "+-":
            value = self._atom(tokens, depth + 1)
            return value if token == "+" else -value
        if token[0].isdigit() or token[0] == ".":
            return float(token)
        if token in "*/)":
            raise ValueError(token)
        return self.value(token)
