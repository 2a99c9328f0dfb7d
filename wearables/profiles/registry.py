"""All profiles: those that ship, and those that installed packages add."""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points

from wearables.errors import SignalError
from wearables.profiles.profile import Profile
from wearables.profiles.standard import (
    battery_profile,
    cycling_profile,
    heart_rate_profile,
    oximeter_profile,
    running_profile,
    thermometer_profile,
)
from wearables.profiles.vendors import movesense_profile, polar_profile, thingy_profile

ENTRY_POINT_GROUP = "muslin.profiles"

_OWN: tuple[Callable[[], Profile], ...] = (
    heart_rate_profile, battery_profile, running_profile, cycling_profile, thermometer_profile,
    oximeter_profile, polar_profile, movesense_profile, thingy_profile,
)  # fmt: skip


def known_profiles() -> dict[str, Profile]:
    """Profiles by name, the own first.

    Raises:
        SignalError: If a plug-in cannot be loaded, gives no profile, or takes a name twice.
    """
    found = {profile.name: profile for profile in (make() for make in _OWN)}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        profile = profile_from(entry)
        if profile.name in found:
            raise SignalError(
                f"profile plug-in {entry.name!r} names its profile {profile.name!r}, which exists"
            )
        found[profile.name] = profile
    return found


def profile_from(entry: EntryPoint) -> Profile:
    """Profile that a plug-in brings.

    Raises:
        SignalError: If it cannot be loaded, or gives no profile.
    """
    try:
        profile = entry.load()()
    except Exception as error:
        raise SignalError(f"profile plug-in {entry.name!r} cannot be loaded: {error}") from error
    if not isinstance(profile, Profile):
        raise SignalError(
            f"profile plug-in {entry.name!r} gives a {type(profile).__name__}, wanted a Profile"
        )
    return profile


def profiles_named(names: Iterable[str]) -> tuple[Profile, ...]:
    """Profiles by their names.

    Raises:
        SignalError: If one is not known.
    """
    known = known_profiles()
    wanted = tuple(names)
    for name in wanted:
        if name not in known:
            raise SignalError(f"profile {name!r} is not known; known are {', '.join(known)}")
    return tuple(known[name] for name in wanted)
