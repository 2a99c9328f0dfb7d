"""Train, evaluate and use activity models: what `muslin train`, `evaluate` and `classify` do."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muslin.errors import Exit, InputError
from muslin.folders import assets_folder, existing_file, readable_session, writable_folder
from muslin.screen import print_json, say, say_table, step

if TYPE_CHECKING:
    from wearables.activity.classify import Activity
    from wearables.events import SampleBlock
    from wearables.sessions import Session, StreamReader


def train(recipe: str, *, data: Path | None, out: Path, seed: int, as_json: bool) -> Exit:
    """Train a recipe and write weights with their card.

    Raises:
        InputError: If the recipe needs a folder of recordings and none was given.
        ModelError: If recipe or recordings do not serve.
    """
    writable_folder(out.parent)
    if recipe == "basicmotions":
        return _train_basicmotions(out, seed, as_json=as_json)
    from wearables.activity.training import recipe_named, train_to_file

    recipe_named(recipe)
    if data is None:
        raise InputError(f"recipe {recipe} learns from recordings; name their folder with --data")
    with step(f"training {recipe} on {data}"):
        card = train_to_file(
            recipe, _folder(data), out, seed=seed, progress=lambda t: say(f"  {t}")
        )
    if as_json:
        print_json(card.to_json())
    else:
        say_table(recipe, [*_card_rows(card.metrics), ("weights", str(out))])
        say(f"  card: {out.with_suffix('.md')}")
    return Exit.DONE


def _train_basicmotions(out: Path, seed: int, *, as_json: bool) -> Exit:
    from wearables.activity.train import TrainConfig, train_basicmotions

    with step("training on the BasicMotions training cases"):
        card = train_basicmotions(out, assets_folder(), TrainConfig(seed=seed))
    if as_json:
        print_json(card)
    else:
        say(f"  weights: {out}")
    return Exit.DONE


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise InputError(f"{path} is not a folder of recordings")
    return path


def _card_rows(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, f"macro-F1 {value['macro_f1']:.3f} "
               f"({value['macro_f1_low']:.3f} to {value['macro_f1_high']:.3f}), "
               f"worst wearer {value['worst_wearer']} {value['worst']:.3f}")
        for name, value in metrics.items()
    ]  # fmt: skip


def evaluate(model: Path, *, data: Path, as_json: bool) -> Exit:
    """Judge a model on a folder of labelled recordings.

    Raises:
        InputError: If the recordings hold wearers that the model was trained on.
        ModelError: If model or recordings do not serve.
    """
    from wearables.activity.committee_file import load_committee
    from wearables.activity.metrics import score
    from wearables.activity.smoothing import smooth
    from wearables.activity.training import read_source

    shipped = load_committee(existing_file(model, "model file"))
    source = read_source(shipped.card.recipe, _folder(data))
    windows = source.windows
    if windows.classes != shipped.card.classes:
        raise InputError(
            f"the recordings hold {', '.join(windows.classes)}; "
            f"the model knows {', '.join(shipped.card.classes)}"
        )
    known = sorted(set(windows.wearers.tolist()) & set(shipped.card.wearers))
    raw = shipped.committee.probabilities(windows.values)
    if shipped.doubt is not None:
        raw = shipped.doubt.temper(raw)
    after = smooth(raw, windows.cases, shipped.succession) if shipped.succession else raw
    scores = score(
        windows.labels, after, windows.wearers, windows.classes, rng=np.random.default_rng(0)
    )
    numbers = {**scores.to_json(), "wearers_seen_in_training": known}
    if as_json:
        print_json(numbers)
        return Exit.DONE
    if known:
        say(f"  note: {', '.join(known)} also name wearers of the training; if they are the same "
            "people, this is no score on strangers")  # fmt: skip
    worst = scores.wearers[scores.worst_wearer]
    say_table(str(model), [
        ("macro-F1", f"{scores.macro_f1:.3f} ({scores.macro_f1_low:.3f} to "
                     f"{scores.macro_f1_high:.3f} over wearers)"),
        ("worst wearer", f"{scores.worst_wearer} {worst:.3f}"),
        ("calibration error", f"{scores.calibration_error:.3f}"),
        *[(name, f"F1 {value:.3f}") for name, value in scores.f1.items()],
    ])  # fmt: skip
    return Exit.DONE


def classify(session: Path, *, model: Path | None, stream: str | None, as_json: bool) -> Exit:
    """Tell the activity of a session's stream.

    Raises:
        InputError: If no stream has the model's channels, or the named one does not exist.
        ModelError: If the model does not fit.
    """
    from wearables.sessions import Session

    readable_session(session)
    weights = assets_folder() / "models" / "basicmotions.safetensors" if model is None else model
    existing_file(weights, "model file")
    with Session.open(session) as opened:
        name, reader, found = _classified(opened, weights, stream)
        lost = reader.n_lost
    told = {"session": str(session), "stream": name, "model": str(weights), "samples_lost": lost,
            "windows": [_told(one) for one in found]}  # fmt: skip
    if as_json:
        print_json(told)
    else:
        counts = Counter(one.smoothed for one in found)
        rows = [(label, f"{n} of {len(found)} windows") for label, n in counts.most_common()]
        say_table(f"Activity of {name}", rows or [("nothing", "shorter than a window")])
    return Exit.INCOMPLETE if lost else Exit.DONE


def _classified(
    session: "Session", weights: Path, name: str | None
) -> tuple[str, "StreamReader", list["Activity"]]:
    from wearables.activity.classify import Classifier
    from wearables.activity.committee_file import is_committee, load_committee
    from wearables.activity.live import LiveCommittee
    from wearables.signals.operator import run

    if is_committee(weights):
        shipped = load_committee(weights)
        name, reader = _stream(session, name, shipped.card.channels)
        live = LiveCommittee(shipped, channels=reader.channels, rate_hz=reader.rate_hz)
        return name, reader, run(live, _runs(reader))
    plain = Classifier(weights)
    name, reader = _stream(session, name, plain.card.channels)
    found = plain(_runs(reader), channels=reader.channels, rate_hz=reader.rate_hz)
    return name, reader, found


def _runs(reader: "StreamReader") -> "list[SampleBlock]":
    return list(reader.read_runs())


def _stream(
    session: "Session", name: str | None, channels: tuple[str, ...]
) -> tuple[str, "StreamReader"]:
    if name is not None:
        if name not in session.streams:
            raise InputError(
                f"no stream is called {name!r}; there are {', '.join(session.streams)}"
            )
        return name, session.streams[name]
    for key, reader in session.streams.items():
        if reader.channels == channels:
            return key, reader
    there = "; ".join(f"{key}: {', '.join(own.channels)}" for key, own in session.streams.items())
    raise InputError(f"no stream has the model's channels {', '.join(channels)}; there are {there}")


def _told(one: "Activity") -> dict[str, Any]:
    time_s = one.time_s if np.isfinite(one.time_s) else None
    return {"time_s": time_s, "label": one.label, "smoothed": one.smoothed,
            "probability": one.probability, "reason": one.reason}  # fmt: skip
