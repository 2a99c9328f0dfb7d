"""What installed packages add to Muslin, and what of it cannot be loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from muslin.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugIn:
    """One entry point of another package.

    Attributes:
        group: Group, such as ``muslin.fabrics``.
        name: Name of the entry.
        package: Distribution that brings it, with its version.
        brings: What it adds, in words; empty when it cannot be loaded.
        error: Why it cannot be loaded; empty when it can.
    """

    group: str
    name: str
    package: str
    brings: str
    error: str


def plugins() -> tuple[PlugIn, ...]:
    """Everything that other packages add, each entry loaded once."""
    return tuple(
        _look(group, entry, describe)
        for group, describe in _GROUPS.items()
        for entry in sorted(entry_points(group=group))
        # Muslin's own formats stand in the same group.
        if entry.dist is None or entry.dist.name != "muslin"
    )


def _look(group: str, entry: EntryPoint, describe: Callable[[EntryPoint], str]) -> PlugIn:
    brings, error = "", ""
    try:
        brings = describe(entry)
    except ValueError as trouble:
        error = str(trouble)
    package = "" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
    return PlugIn(group=group, name=entry.name, package=package, brings=brings, error=error)


def _profile(entry: EntryPoint) -> str:
    from wearables.profiles.registry import known_profiles, profile_from

    profile = profile_from(entry)
    known_profiles()  # tells of a name that is taken
    return f"profile {profile.name}"


def _fabrics(entry: EntryPoint) -> str:
    from fitting.cloth.fabric_cards import folder_of, load_fabric

    cards = sorted(folder_of(entry).glob("*.toml"))
    if not cards:
        raise InputError(f"fabric plug-in {entry.name!r} brings no card")
    return "fabrics " + ", ".join(load_fabric(str(card)).name for card in cards)


def _format(entry: EntryPoint) -> str:
    from fitting.pattern.read import format_from

    found = format_from(entry)
    return f"pattern format {found.name} ({', '.join(found.suffixes)})"


def _models(entry: EntryPoint) -> str:
    from wearables.activity.known import SUFFIX, folder_of

    names = sorted(path.stem for path in folder_of(entry).glob(f"*{SUFFIX}"))
    if not names:
        raise InputError(f"model plug-in {entry.name!r} brings no {SUFFIX} file")
    return "models " + ", ".join(names)


_GROUPS: dict[str, Callable[[EntryPoint], str]] = {
    "muslin.profiles": _profile,
    "muslin.fabrics": _fabrics,
    "muslin.patterns": _format,
    "muslin.models": _models,
}
