"""From a session to what the body did: an `Analysis`, and its page if one is wanted.

Everything runs on unbroken runs of samples; operators are told of every gap.
"""

from pathlib import Path

from firmware_bridge.schema import StreamSchema
from muslin.analysis.activity import classify_against_markers
from muslin.analysis.movement import movement
from muslin.analysis.result import MIN_EVEN_HZ, Analysis, ClockSummary, StreamSummary
from muslin.analysis.skin import skin
from muslin.analysis.vitals import breathing, first_of, heart
from muslin.json_file import write_json
from muslin.synthetic import is_synthetic
from muslin.version import version
from wearables.events import SampleBlock
from wearables.sessions import Session, StreamReader
from wearables.signals import doubts, rails, signal_quality

# A signal that is cut this often has lost its peaks.
MAX_CLIPPED = 0.01


def analyze(path: Path, *, out: Path | None = None, model: Path | None = None) -> Analysis:
    """Analyse a session, and write its page.

    Args:
        path: Session file.
        out: Page to write, and the numbers as JSON beside it; nothing is written without it.
        model: Activity model; the one that ships when absent.

    Raises:
        SessionError: If the session cannot be read.
        InputError: If no stream has the given model's channels.
        ModelError: If the given model does not fit the session. The one that ships may not fit:
            then there is no activity, and the result says why.
    """
    with Session.open(path) as session:
        result = _analyze(session, model)
    if out is not None:
        from muslin.report.session_page import write_session_page

        write_session_page(out, result)
        write_json(out.with_suffix(".json"), result.to_json())
    return result


def _analyze(session: Session, model: Path | None) -> Analysis:
    streams = {name: (stream, stream.read_runs()) for name, stream in session.streams.items()}
    motion = first_of(streams, "acc")
    activity, refused = None, ""
    if motion is not None or model is not None:
        activity, refused = classify_against_markers(streams, model=model, markers=session.markers)
    beats = heart(streams)
    return Analysis(
        session_id=session.session_id,
        path=session.place.name,
        created_utc=session.created_utc,
        subject=str(session.subject.get("id", "")),
        garment=f"{session.schema.vendor} {session.schema.name}",
        state=session.state,
        software=f"muslin {version()}",
        duration_s=session.duration_s,
        streams=tuple(
            _summary(session.schema.stream_named(name), *found) for name, found in streams.items()
        ),
        markers=session.markers,
        clock=_clock(session),
        heart=beats,
        breath=breathing(streams, beats),
        skin=skin(streams),
        movement=movement(motion),
        activity=activity,
        activity_refused=refused,
    )


def _summary(
    described: StreamSchema, stream: StreamReader, runs: list[SampleBlock]
) -> StreamSummary:
    total = stream.n_stored + stream.n_lost
    is_even = stream.nominal_rate_hz >= MIN_EVEN_HZ and bool(runs)
    quality = signal_quality(runs, stream.clipped(), rate_hz=stream.rate_hz) if is_even else []
    return StreamSummary(
        name=stream.name,
        kinds=stream.kinds,
        channels=stream.channels,
        is_synthetic=any(is_synthetic(channel) for channel in described.channels),
        nominal_rate_hz=stream.nominal_rate_hz,
        rate_hz=stream.rate_hz,
        n_stored=stream.n_stored,
        n_lost=stream.n_lost,
        coverage=stream.n_stored / total if total else float("nan"),
        gaps=stream.gaps,
        quality=tuple(quality),
        doubts=_doubts(stream, runs),
        whole=stream.read(),
    )


def _doubts(stream: StreamReader, runs: list[SampleBlock]) -> tuple[str, ...]:
    """Doubts about what is sampled evenly; lists of events have no rate to doubt."""
    if stream.nominal_rate_hz < MIN_EVEN_HZ or not runs:
        return ()
    found = list(doubts(runs, stream.kinds, rate_hz=stream.nominal_rate_hz))
    share = (stream.clipped() | rails(stream.read().values)).mean(axis=0)
    for name, own in zip(stream.channels, share.tolist(), strict=True):
        if own > MAX_CLIPPED:
            found.append(f"{name} is clipped in {100 * own:.1f} % of its samples")
    return tuple(found)


def _clock(session: Session) -> ClockSummary:
    boots = [int(b) for s in session.streams.values() for b in s.segments["boot"]]
    fit = session.clock(boots[-1] if boots else 0)
    return ClockSummary(
        method=fit.method,
        n_exchanges=len(session.exchanges),
        drift_ppm=-float(fit.drift[0]) * 1e6,
        rms_residual_s=fit.rms_residual_s,
    )
