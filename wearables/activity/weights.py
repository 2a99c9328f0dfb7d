"""Weights with everything needed to use them: one safetensors file whose header is the card."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from wearables.activity.net import ActivityNet, NetConfig
from wearables.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a model expects and what it is worth.

    Attributes:
        classes: Class names in the order of the scores.
        channels: Channel names with SI units, in order.
        rate_hz: Rate of the windows.
        window: Samples of a window.
        hop: Samples between windows when classifying.
        width: Width of the net.
        mean: Normalisation of each channel.
        sd: The same.
        training_set: What it was trained on, with licence.
        settings: Settings of the training run.
        metrics: Accuracies by name.
    """

    classes: tuple[str, ...]
    channels: tuple[str, ...]
    rate_hz: float
    window: int
    hop: int
    width: int
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    training_set: str
    settings: dict[str, Any]
    metrics: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Card for a program."""
        return asdict(self)


def save_model(path: Path, net: ActivityNet, card: ModelCard) -> None:
    """Write weights and card.

    Raises:
        OSError: If the file cannot be written.
    """
    path.write_bytes(save(net.state_dict(), metadata={"card": json.dumps(card.to_json())}))


def load_model(path: Path) -> tuple[ActivityNet, ModelCard]:
    """Read weights and card.

    Raises:
        ModelError: If the file is not a model of ours.
    """
    if not path.is_file():
        raise ModelError(f"model file {path} does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            card = _card(json.loads(file.metadata()["card"]))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        shape = NetConfig(
            n_channels=len(card.channels), n_classes=len(card.classes), width=card.width
        )
        net = ActivityNet(shape)
        net.load_state_dict(state)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path} is not an activity model: {error}") from error
    return net.eval(), card


def _card(content: dict[str, Any]) -> ModelCard:
    values: dict[str, Any] = dict(content)
    for key in ("classes", "channels", "mean", "sd"):
        values[key] = tuple(values[key])
    return ModelCard(**values)
