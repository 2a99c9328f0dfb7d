"""Medical compression classes of RAL-GZ 387/1, which are defined by the pressure at the ankle."""

from fitting.fit.summary import PA_PER_MMHG

# Pressure at the ankle [Pa]; between the classes there is none.
CLASSES_PA = (
    ("I", 2400.0, 2800.0),
    ("II", 3100.0, 4300.0),
    ("III", 4500.0, 6100.0),
    ("IV", 6500.0, float("inf")),
)


def compression_class(pressure_pa: float) -> str | None:
    """Class of a pressure at the ankle, or None between classes and below the first."""
    kilo_pa = round(pressure_pa / 1000, 1)
    for name, low_pa, high_pa in CLASSES_PA:
        if low_pa / 1000 <= kilo_pa <= high_pa / 1000:
            return name
    return None


def describe_compression(pressure_pa: float) -> str:
    """Number, and the class only where one applies."""
    number = f"{pressure_pa / 1000:.1f} kPa ({pressure_pa / PA_PER_MMHG:.0f} mmHg)"
    name = compression_class(pressure_pa)
    return number if name is None else f"{number}, the range of RAL-GZ 387 class {name}"
