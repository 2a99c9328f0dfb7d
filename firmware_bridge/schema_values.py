"""Values of a garment description, checked for their type."""

from firmware_bridge.errors import SchemaError


def _key(where: str) -> str:
    """Last word of a place such as ``stream 'imu': rate_hz``."""
    return where.rpartition(": ")[2]


def as_text(value: object, where: str) -> str:
    """A text, or a sentence."""
    if not isinstance(value, str):
        raise SchemaError(f"{where} is {value!r}, wanted a text", key=_key(where))
    return value


def as_integer(value: object, where: str) -> int:
    """An integer, or a sentence."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise SchemaError(f"{where} is {value!r}, wanted an integer", key=_key(where))
    return value


def as_number(value: object, where: str) -> float:
    """A finite or infinite number, or a sentence."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SchemaError(f"{where} is {value!r}, wanted a number", key=_key(where))
    try:
        return float(value)
    except OverflowError as error:
        raise SchemaError(
            f"{where} is an integer too large for a number", key=_key(where)
        ) from error


def as_truth(value: object, where: str) -> bool:
    """True or false, or a sentence."""
    if not isinstance(value, bool):
        raise SchemaError(f"{where} is {value!r}, wanted true or false", key=_key(where))
    return value
