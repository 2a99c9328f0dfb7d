"""Train, evaluate and export activity models: what `muslin train` and `evaluate` do."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from muslin.errors import Exit, InputError
from muslin.folders import assets_folder, existing_file, writable_folder
from muslin.screen import print_json, say, say_table, step

if TYPE_CHECKING:
    from wearables.activity.committee_file import Shipped


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


MODEL_FORMATS = ("torchscript", "int8")


def export_model(
    model: Path, *, to: str, out: Path, data: Path | None = None, as_json: bool = False
) -> Exit:
    """Write the nets of a model for other programs, or as C for firmware.

    Args:
        model: Weights.
        to: ``torchscript``, or ``int8`` for a C header that holds weights and runs them.
        out: Folder for the files, one a net.
        data: Labelled recordings, to say what rounding to int8 costs in accuracy.
        as_json: Whether to print JSON.

    Raises:
        InputError: If the model holds no net of that kind.
        ModelError: If model or recordings do not serve.
    """
    from wearables.activity.committee_file import is_committee, load_committee

    existing_file(model, "model file")
    writable_folder(out)
    if not is_committee(model):
        told = [_export_plain(model, to, out)]
    else:
        shipped = load_committee(model)
        if not shipped.committee.nets:
            name = shipped.card.recipe.name
            raise InputError(f"recipe {name} holds no net; softmax and trees are plain arrays")
        told = _export_nets(shipped, to, out / model.stem)
        if data is not None:
            for row, more in zip(told, _int8_accuracies(shipped, _folder(data)), strict=True):
                row.update(more)
    if as_json:
        print_json({"files": told})
    for row in () if as_json else told:
        say("  " + ", ".join(f"{key} {value}" for key, value in row.items()))
    return Exit.DONE


def _export_plain(model: Path, to: str, out: Path) -> dict[str, Any]:
    """The small net on motion: from SI to probabilities."""
    from wearables.activity.export import Normalised, export_torchscript
    from wearables.activity.weights import load_model

    net, card = load_model(model)
    if to != "torchscript":
        raise InputError(f"{model} is a recurrent net; it goes to torchscript, not to {to}")
    path = out / f"{model.stem}.pt"
    whole = Normalised(net, card.mean, card.sd)
    export_torchscript(path, whole, n_samples=card.window, n_channels=len(card.channels))
    return {"path": str(path), "bytes": path.stat().st_size}


def _export_nets(shipped: "Shipped", to: str, stem: Path) -> list[dict[str, Any]]:
    """The nets of a committee; they take excursions of strain."""
    from wearables.activity.export import export_torchscript
    from wearables.activity.export_c import export_c_header
    from wearables.activity.members.net import NET_RATE_HZ

    card, told = shipped.card, []
    n_samples = round(card.recipe.window_s * NET_RATE_HZ)
    for i, net in enumerate(shipped.committee.nets):
        if to == "torchscript":
            path = stem.with_name(f"{stem.name}-{i}.pt")
            export_torchscript(
                path, net, n_samples=n_samples, n_channels=card.recipe.n_strain
            )  # fmt: skip
            n_bytes = path.stat().st_size
        else:
            path = stem.with_name(f"{stem.name}-{i}.h")
            n_bytes = export_c_header(path, net, name=f"muslin_net{i}")
        told.append({"path": str(path), "bytes": n_bytes})
    return told


def _int8_accuracies(shipped: "Shipped", folder: Path) -> list[dict[str, Any]]:
    """Accuracy of each net on recordings, exact and rounded."""
    from wearables.activity.committee import net_input, part_strain
    from wearables.activity.export import int8_net
    from wearables.activity.members.net import net_probabilities
    from wearables.activity.training import read_source

    recipe = shipped.card.recipe
    windows = read_source(recipe, folder).windows
    inputs = net_input(part_strain(recipe, windows.values, shipped.card.rate_hz),
                       shipped.card.rate_hz)  # fmt: skip
    rows = []
    for net in shipped.committee.nets:
        exact, rounded = (
            net_probabilities(one, inputs).argmax(axis=1) for one in (net, int8_net(net))
        )
        rows.append({
            "accuracy": round(float((exact == windows.labels).mean()), 4),
            "accuracy_int8": round(float((rounded == windows.labels).mean()), 4),
        })  # fmt: skip
    return rows
