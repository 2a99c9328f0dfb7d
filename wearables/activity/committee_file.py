"""A committee as one safetensors file: arrays of all members, and a card as JSON in its header."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from wearables.activity.adapt import Metric
from wearables.activity.committee import Committee, sees_size
from wearables.activity.doubt import Doubt, Known
from wearables.activity.members.net import NetSettings, RepetitionNet
from wearables.activity.members.softmax import Softmax
from wearables.activity.members.trees import Trees
from wearables.activity.recipe import Recipe
from wearables.activity.smoothing import Succession
from wearables.errors import ModelError

_FORMAT = "muslin-committee-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitteeCard:
    """What a committee expects and what it is worth.

    Attributes:
        classes: Class names in the order of the probabilities.
        channels: Channel names with units, in order.
        rate_hz: Rate of the windows.
        recipe: Settings of the training run.
        leading: Leading strain column.
        training_set: What it was trained on, with licence.
        wearers: Training wearers.
        metrics: Scores on wearers that were held out, by protocol.
        limits: What it must not be used for, or was not tried on.
    """

    classes: tuple[str, ...]
    channels: tuple[str, ...]
    rate_hz: float
    recipe: Recipe
    leading: int
    training_set: str
    wearers: tuple[str, ...]
    metrics: dict[str, Any] = field(default_factory=dict)
    limits: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Card for a program."""
        return asdict(self)

    def to_markdown(self) -> str:
        """Card for a person."""
        lines = [
            f"# Model card: {self.recipe.name}",
            "",
            f"Classes: {', '.join(self.classes)}.",
            f"Input: {', '.join(self.channels)} at {self.rate_hz:g} Hz, "
            f"windows of {self.recipe.window_s:g} s.",
            f"Trained on: {self.training_set}; {len(self.wearers)} wearers.",
            "",
            "| protocol | macro-F1 | worst |",
            "|---|---|---|",
        ]
        lines += [
            f"| {name} | {value.get('macro_f1', float('nan')):.3f} | "
            f"{value.get('worst', float('nan')):.3f} |"
            for name, value in self.metrics.items()
        ]
        lines += ["", *[f"- {limit}" for limit in self.limits]]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A committee with everything that is needed to use it.

    Attributes:
        committee: Trained members.
        card: What it expects and is worth.
        succession: How activities follow each other, if answers are smoothed.
        doubt: When to say unknown, if that was learnt.
        metric: How one wearer varies, by which the model is made personal.
    """

    committee: Committee
    card: CommitteeCard
    succession: Succession | None = None
    doubt: Doubt | None = None
    metric: Metric | None = None


def save_committee(path: Path, shipped: Shipped) -> None:
    """Write the weights, and the card beside them as Markdown.

    Raises:
        OSError: If a file cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    scalars: dict[str, float] = {}
    c = shipped.committee
    doubt = shipped.doubt
    parts = {"softmax": c.softmax, "trees": c.trees, "succession": shipped.succession,
             "doubt": doubt, "known": doubt.known if doubt else None,
             "metric": shipped.metric}  # fmt: skip
    for name, part in parts.items():
        for key, value in (asdict(part) if part is not None else {}).items():
            if isinstance(value, np.ndarray):
                tensors[f"{name}.{key}"] = torch.from_numpy(np.ascontiguousarray(value))
            elif not isinstance(value, dict):
                scalars[f"{name}.{key}"] = float(value)
    for i, net in enumerate(c.nets):
        tensors |= {f"net.{i}.{key}": value for key, value in net.state_dict().items()}
    header = {
        "format": _FORMAT,
        "card": json.dumps(shipped.card.to_json()),
        "scalars": json.dumps(scalars),
    }
    path.write_bytes(save(tensors, metadata=header))
    path.with_suffix(".md").write_text(shipped.card.to_markdown(), encoding="utf-8")


def is_committee(path: Path) -> bool:
    """Whether a file of weights holds a committee."""
    try:
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get("format") == _FORMAT
    except (SafetensorError, OSError):
        return False


def load_committee(path: Path) -> Shipped:
    """Read weights and card.

    Raises:
        ModelError: If the file is not a committee of ours.
    """
    if not path.is_file():
        raise ModelError(f"model file {path} does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header.get("format") != _FORMAT:
            raise ModelError(f"{path} holds {header.get('format')!r}, wanted {_FORMAT!r}")
        card = _card(json.loads(header["card"]))
        return _shipped(card, tensors, json.loads(header["scalars"]))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path} is not a committee: {error}") from error


def _card(content: dict[str, Any]) -> CommitteeCard:
    recipe = dict(content["recipe"])
    recipe["net"] = NetSettings(**recipe["net"]) if recipe["net"] else None
    content = {**content, "recipe": Recipe(**recipe)}
    for key in ("classes", "channels", "wearers", "limits"):
        content[key] = tuple(content[key])
    return CommitteeCard(**content)


def _shipped(card: CommitteeCard, tensors: dict[str, Tensor], scalars: dict[str, float]) -> Shipped:
    def part(name: str) -> dict[str, Any]:
        own = {
            k.split(".", 1)[1]: v.numpy() for k, v in tensors.items() if k.startswith(name + ".")
        }
        return own | {k.split(".", 1)[1]: v for k, v in scalars.items() if k.startswith(name + ".")}

    softmax, trees, succession, doubt, known, metric = (
        part(name) for name in ("softmax", "trees", "succession", "doubt", "known", "metric")
    )
    committee = Committee(
        recipe=card.recipe,
        classes=card.classes,
        rate_hz=card.rate_hz,
        leading=card.leading,
        softmax=Softmax(**softmax) if softmax else None,
        trees=Trees(**trees) if trees else None,
        nets=_nets(card, tensors),
    )
    return Shipped(
        committee=committee,
        card=card,
        succession=Succession(**succession) if succession else None,
        doubt=Doubt(**doubt, known=Known(**known)) if doubt else None,
        metric=Metric(**metric) if metric else None,
    )


def _nets(card: CommitteeCard, tensors: dict[str, Tensor]) -> tuple[RepetitionNet, ...]:
    nets = []
    for i in range(card.recipe.net.n_seeds if card.recipe.net else 0):
        net = RepetitionNet(
            n_sensors=card.recipe.n_strain,
            n_classes=len(card.classes),
            width=card.recipe.net.width if card.recipe.net else 0,
            leading=card.leading,
            sees_size=sees_size(i),
        )
        prefix = f"net.{i}."
        net.load_state_dict(
            {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        )
        nets.append(net.eval())
    return tuple(nets)
