"""Care for session files: what `muslin repair` and its siblings do."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from muslin.errors import Exit, InputError
from muslin.folders import existing_session, readable_session, writable_folder
from muslin.screen import print_json, say, say_table

if TYPE_CHECKING:
    from wearables.sessions import Session
    from wearables.sessions.align import Aligned


def repair_session(session: Path, *, out: Path | None, as_json: bool) -> Exit:
    """Write a sound copy of a session; the damaged one stays."""
    from wearables.sessions import recover

    report = recover(session, out)
    if as_json:
        print_json(report.to_json())
    else:
        for name, n_stored in report.n_stored.items():
            lost_s = report.lost_s[name]
            say(f"stream {name}: {n_stored} samples, {lost_s:.2f} s known to be missing")
        say(f"{report.path}: {report.method}")
    return Exit.INCOMPLETE if any(report.lost_s.values()) else Exit.DONE


def migrate_session(session: Path, *, out: Path | None, as_json: bool) -> Exit:
    """Bring a session to the newest layout."""
    from wearables.sessions.migrate import migrate

    report = migrate(readable_session(session), out)
    old, new = (".".join(map(str, version)) for version in (report.old, report.new))
    if as_json:
        print_json(report.to_json())
    elif old == new:
        say(f"{session}: layout {old} is the newest, nothing to do")
    else:
        say(f"{report.path}: layout {new}, was {old}; {session} stays")
    return Exit.DONE


def list_sessions(folder: Path, *, where: str, as_json: bool) -> Exit:
    """List the sessions of a folder."""
    from wearables.sessions.catalogue import catalogue

    rows = catalogue(folder, where=where)
    if as_json:
        print_json({"sessions": [row.to_json() for row in rows]})
        return Exit.DONE
    for row in rows:
        say(
            f"{row.path}: {row.state}, {row.duration_s:.1f} s, subject {row.subject or '-'}, "
            f"{row.streams or 'no streams'}, {100 * row.coverage:.1f} % covered"
        )
    say(f"{len(rows)} session{'' if len(rows) == 1 else 's'} in {folder}")
    return Exit.DONE


def describe_session(session: Path, *, as_json: bool) -> Exit:
    """Say what a session holds."""
    from wearables.sessions import describe_file
    from wearables.sessions.clocks import ClockFacts

    facts: dict[str, Any] = describe_file(existing_session(session))
    if as_json:
        print_json(facts)
        return Exit.DONE
    rows = [(name, str(facts[name])) for name in ("session_id", "created_utc", "state", "subject")]
    rows += list(facts["protocol"].items())
    for name, stream in facts["streams"].items():
        text = f"{stream['n_stored']} samples at {stream['measured_rate_hz']:.3f} Hz, "
        rows.append((f"stream {name}", text + f"{stream['lost_s']:.2f} s lost"))
    for clock in (ClockFacts(**row) for row in facts["clocks"]):
        rows.append((clock.name, str(clock)))
    rows.append(("markers", str(len(facts["markers"]))))
    for mark in facts["annotations"]:
        rows.append((f"remark, {mark['source']}", f"{mark['time_s']:.2f} s: {mark['text']}"))
    say_table(str(session), rows)
    return Exit.DONE


def export_file(session: Path, *, to: str, out: Path, as_json: bool) -> Exit:
    """Write a session in another format."""
    from wearables.sessions import Session
    from wearables.sessions.export import export_session

    writable_folder(out)
    with Session.open(readable_session(session)) as opened:
        paths = export_session(opened, out, to=to)
        has_loss = any(stream.n_lost for stream in opened.streams.values())
    if as_json:
        print_json({"paths": [str(path) for path in paths]})
    else:
        for path in paths:
            say(str(path))
    return Exit.INCOMPLETE if has_loss else Exit.DONE


def align_files(
    sessions: Sequence[Path],
    *,
    rate_hz: float,
    method: str,
    out: Path,
    event_s: float | None = None,
    accept: bool = False,
) -> Exit:
    """Write all streams of one or several sessions on one grid as an npz.

    With an event that all of them felt, say how far their clocks disagree about it. Only if that is
    accepted the grid follows, and each session but the first gets a fit of its clock that does.
    """
    from wearables.sessions import Session
    from wearables.sessions.align import Method, align, align_sessions
    from wearables.sessions.clock_fits import add_fit

    if method not in get_args(Method):
        known = ", ".join(get_args(Method))
        raise InputError(f"method {method!r} is not known; known are {known}")
    how, against = cast("Method", method), ""
    moved: list[tuple[Path, float]] = []
    if accept and event_s is None:
        raise InputError("--accept needs an event: --event SECONDS")
    with ExitStack() as stack:
        opened = [stack.enter_context(Session.open(readable_session(path))) for path in sessions]
        if event_s is not None:
            # Each garment has a clock of its own, also in a file that several share.
            opened = [view for session in opened for view in session.views]
            if len(opened) < 2:
                raise InputError("an event is shared by at least two garments")
        if len(opened) == 1:
            result = align(list(opened[0].streams.values()), rate_hz=rate_hz, method=how)
        else:
            lags = [] if event_s is None else _event_lags(opened, event_s, accept=accept)
            result = align_sessions(
                opened, rate_hz=rate_hz, method=how, lags_s=lags if accept else ()
            )
            if accept:
                places = [session.place for session in opened[1:]]
                moved = list(zip(places, lags, strict=True))
                against = opened[0].session_id
    for path, lag_s in moved:
        fit = add_fit(path, name="tap", shift_s=-lag_s, why=f"event at {event_s} s of {against}")
        say(f"{path}: fit {fit!r} of its clock is in force")
    _write_grid(out, result)
    say(f"{out}: {result.time_s.size} rows at {rate_hz:g} Hz")
    return Exit.DONE


def _write_grid(out: Path, result: "Aligned") -> None:
    """Values, masks and names of channels, an array each."""
    arrays: dict[str, Any] = {"time_s": result.time_s}
    for name, values in result.values.items():
        arrays[name] = values
        arrays[f"{name}.is_measured"] = result.is_measured[name]
        arrays[f"{name}.channels"] = np.array(result.channels[name])
    with out.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _event_lags(sessions: "Sequence[Session]", event_s: float, *, accept: bool) -> list[float]:
    """How much later each session after the first has a shared event; told, too.

    Raises:
        InputError: If a lag is to be accepted that nobody can be sure of.
    """
    from wearables.sessions.shared_event import MIN_CORRELATION, event_lag

    first, *others = sessions
    lags: list[float] = []
    for other in others:
        lag = event_lag(first, other, at_s=event_s)
        text = (
            f"{other.name}: the event at {event_s:g} s comes {1000 * lag.lag_s:+.2f} ms late "
            f"against {first.name} (correlation {lag.correlation:.2f}, width "
            f"{1000 * lag.width_s:.0f} ms)"
        )
        if accept and not lag.is_sure:
            raise InputError(f"{text}; at least {MIN_CORRELATION:g} is needed to accept it")
        say(text + ("; accepted" if accept else ""))
        lags.append(lag.lag_s)
    return lags


def annotate_file(
    session: Path, *, author: str, text: str, start_s: float, duration_s: float
) -> Exit:
    """Add a remark to a session."""
    from wearables.sessions.annotate import annotate

    readable_session(session)
    annotate(session, author=author, text=text, start_s=start_s, duration_s=duration_s)
    say(f"{session}: remark at {start_s:g} s by {author}")
    return Exit.DONE


def verify_session(session: Path, *, as_json: bool) -> Exit:
    """Check a session file and list what was found."""
    from wearables.sessions import verify

    report = verify(existing_session(session))
    if as_json:
        print_json(report.to_json())
    else:
        for finding in report.findings:
            say(str(finding))
        say(f"{session}: {report.verdict}")
    return Exit(report.exit_code)
