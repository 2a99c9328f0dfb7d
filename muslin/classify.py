"""Tell activities of recorded sessions: what `muslin classify SESSION` and `FOLDER` do."""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muslin.errors import Exit, InputError
from muslin.folders import assets_folder, existing_file, garments_of, readable_session
from muslin.screen import print_json, say, say_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wearables.activity.answer import Activity
    from wearables.activity.models import ActivityModel
    from wearables.events import SampleBlock
    from wearables.sessions import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """Answers for one session.

    Attributes:
        session: The file.
        stream: Stream that was judged.
        answers: One a window, in the order of time.
        n_lost: Samples missing in the stream.
        failed: Why there is no answer; empty otherwise.
    """

    session: Path
    stream: str = ""
    answers: "tuple[Activity, ...]" = ()
    n_lost: int = 0
    failed: str = ""

    def to_json(self, model: Path) -> dict[str, Any]:
        """Answers for a program."""
        return {
            "session": str(self.session), "stream": self.stream, "model": str(model),
            "samples_lost": self.n_lost, "failed": self.failed,
            "windows": [answer_json(one) for one in self.answers],
        }  # fmt: skip

    def rows(self) -> list[tuple[str, str]]:
        """Windows of each activity, most frequent first."""
        return counted(Counter(one.smoothed for one in self.answers))


def shipped_or(model: Path | None) -> Path:
    """The model of that name, or the one that ships.

    Raises:
        InputError: If it is not there.
    """
    shipped = assets_folder() / "models" / "basicmotions.safetensors"
    return existing_file(shipped if model is None else model, "model file")


def classify(session: Path, *, model: "ActivityModel", stream: str | None, as_json: bool) -> Exit:
    """Tell the activity of a session's stream, or of every session in a folder.

    Args:
        session: Session file, or a folder of them.
        model: Opened weights, see `muslin.personal.opened_model`.
        stream: Name of the stream; the first that has the model's channels if nothing is said.
        as_json: Whether to print JSON.

    Raises:
        InputError: If no stream has the model's channels, or the named one does not exist.
        ModelError: If the model does not fit.
    """
    if session.is_dir():
        return _classify_folder(session, model, stream, as_json=as_json)
    found = classify_session(readable_session(session), model, stream)
    if as_json:
        print_json(found.to_json(model.path))
    else:
        say_table(f"Activity of {found.stream}", found.rows())
    return Exit.INCOMPLETE if found.n_lost else Exit.DONE


def _classify_folder(
    folder: Path, model: "ActivityModel", stream: str | None, *, as_json: bool
) -> Exit:
    """Sessions that cannot be judged get a row that says why."""
    from wearables.errors import WearablesError

    paths = sorted(path for path in folder.iterdir() if path.suffix == ".h5")
    if not paths:
        raise InputError(f"folder {folder} holds no session file (.h5)")
    found = []
    for path in paths:
        try:
            found += [classify_session(one, model, stream) for one in garments_of(path)]
        except (WearablesError, InputError) as error:
            found.append(Classified(session=path, failed=str(error)))
    if as_json:
        print_json({"sessions": [one.to_json(model.path) for one in found]})
    else:
        say_table(f"Activity in {folder}", [
            (one.session.name, one.failed or "; ".join(f"{a} {b}" for a, b in one.rows()))
            for one in found
        ])  # fmt: skip
    if any(one.failed for one in found):
        return Exit.FAILED
    return Exit.INCOMPLETE if any(one.n_lost for one in found) else Exit.DONE


def classify_session(path: Path, model: "ActivityModel", stream: str | None = None) -> Classified:
    """Run a model over a session.

    Args:
        path: Session file.
        model: Opened weights.
        stream: Name of the stream; the first that has the model's channels if nothing is said.

    Raises:
        InputError: If there is no such stream.
        ModelError: If the stream has another rate.
        SessionError: If the file cannot be read.
    """
    from wearables.sessions import Session
    from wearables.signals.operator import run

    with Session.open(path) as session:
        name, columns = _stream(session, stream, model)
        reader = session.streams[name]
        runs = [picked(block, columns) for block in reader.read_runs()]
        found = run(model.open(model.channels, reader.rate_hz), runs)
        return Classified(
            session=path, stream=name, answers=tuple(found), n_lost=reader.n_lost
        )  # fmt: skip


def _stream(
    session: "Session", name: str | None, model: "ActivityModel"
) -> tuple[str, tuple[int, ...]]:
    there = {key: reader.channels for key, reader in session.streams.items()}
    return stream_with(there, model.channels, name)


def stream_with(
    there: "Mapping[str, tuple[str, ...]]", wanted: tuple[str, ...], name: str | None
) -> tuple[str, tuple[int, ...]]:
    """Find the stream that has a model's channels, in any order and beside others.

    Args:
        there: Channels of each stream.
        wanted: Channels of the model.
        name: The stream that it must be; any if nothing is said.

    Returns:
        Name of the stream, and where the model's channels are in it.

    Raises:
        InputError: If there is none.
    """
    if name is not None and name not in there:
        raise InputError(f"no stream is called {name!r}; there are {', '.join(there)}")
    for key, channels in there.items():
        if name in (None, key) and set(wanted) <= set(channels):
            return key, tuple(channels.index(own) for own in wanted)
    said = f"no stream has the model's channels {', '.join(wanted)}"
    near = name or max(there, key=lambda key: len(set(wanted) & set(there[key])), default="")
    lacking = [own for own in wanted if own not in there.get(near, ())]
    if name is None and len(lacking) == len(wanted):
        raise InputError(f"{said}; there are {', '.join(there) or 'none'}")
    raise InputError(f"{said}; {near} lacks {', '.join(lacking)}")


def picked(block: "SampleBlock", columns: tuple[int, ...]) -> "SampleBlock":
    """Some columns of a block, in the order given."""
    from wearables.events import SampleBlock

    return SampleBlock(
        stream=block.stream,
        first_index=block.first_index,
        time_s=block.time_s,
        values=block.values[:, list(columns)],
        channels=tuple(block.channels[i] for i in columns),
        quality=block.quality,
    )


def counted(counts: "Counter[str]") -> list[tuple[str, str]]:
    """Rows of a table of answers."""
    total = sum(counts.values())
    rows = [(label, f"{n} of {total} windows") for label, n in counts.most_common()]
    return rows or [("nothing", "shorter than a window")]


def answer_json(one: "Activity") -> dict[str, Any]:
    """One answer for a program."""
    time_s = round(one.time_s, 3) if math.isfinite(one.time_s) else None
    return {"time_s": time_s, "label": one.label, "smoothed": one.smoothed,
            "probability": round(one.probability, 4), "reason": one.reason}  # fmt: skip


def say_answer(one: "Activity") -> None:
    """One answer for a person: when, what, how sure, and why not."""
    from wearables.activity.answer import REASONS

    minutes, seconds = divmod(max(one.time_s, 0.0), 60)
    sure = REASONS[one.reason] if one.reason else f"{100 * one.probability:3.0f} %"
    say(f"  {minutes:3.0f}:{seconds:04.1f}  {one.smoothed:20s}  {sure}")
