"""Train the net: one loop, seeds in the configuration, bitwise repeatable on one machine."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from wearables.activity.dataset import (
    BASICMOTIONS_CHANNELS,
    Windows,
    case_folds,
    cut_windows,
    read_cases,
)
from wearables.activity.net import ActivityNet, NetConfig
from wearables.activity.weights import ModelCard, save_model


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything that changes a run.

    Attributes:
        window: Samples of a window.
        hop: Samples between windows in training.
        width: Width of the net.
        n_epochs: Passes over the windows.
        batch: Windows in a step.
        learning_rate: Peak of the one-cycle schedule.
        gain_sd: Spread of the random gain per window and channel; sensors sit differently.
        n_folds: Folds of whole cases for the reported accuracy.
        seed: Seed of weights, order and gains.
    """

    window: int = 25
    hop: int = 5
    width: int = 24
    n_epochs: int = 30
    batch: int = 32
    learning_rate: float = 1e-2
    gain_sd: float = 0.1
    n_folds: int = 4
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A net with the constants its windows are normalised by.

    Attributes:
        net: The net, in evaluation mode.
        mean: Mean of each channel over the training windows, shape (n_channels,).
        sd: Standard deviation of the same.
        losses: Mean loss of each epoch.
    """

    net: ActivityNet
    mean: NDArray[np.float32]
    sd: NDArray[np.float32]
    losses: tuple[float, ...]


def train(config: TrainConfig, windows: Windows) -> Trained:
    """Train on all windows given.

    Args:
        config: Settings of the run.
        windows: Training windows; split them before.
    """
    mean = windows.values.mean(axis=(0, 1))
    sd = windows.values.std(axis=(0, 1)) + 1e-6
    inputs = torch.from_numpy((windows.values - mean) / sd)
    labels = torch.from_numpy(windows.labels)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        shape = NetConfig(
            n_channels=inputs.shape[2], n_classes=len(windows.classes), width=config.width
        )
        net = ActivityNet(shape)
        losses = _fit(config, net, inputs, labels)
    return Trained(net=net.eval(), mean=mean, sd=sd, losses=losses)


def _fit(
    config: TrainConfig, net: ActivityNet, inputs: torch.Tensor, labels: torch.Tensor
) -> tuple[float, ...]:
    generator = torch.Generator().manual_seed(config.seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=1e-3)
    n_batches = -(-len(inputs) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=config.learning_rate, total_steps=config.n_epochs * n_batches
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    losses = []
    net.train()
    for _ in range(config.n_epochs):
        total = 0.0
        for rows in torch.randperm(len(inputs), generator=generator).split(config.batch):
            gain = torch.randn(len(rows), 1, inputs.shape[2], generator=generator)
            loss = loss_of(net(inputs[rows] * (1 + config.gain_sd * gain)), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        losses.append(total / len(inputs))
    return tuple(losses)


def probabilities(trained: Trained, windows: Windows) -> NDArray[np.float64]:
    """Class probabilities, shape (n_windows, n_classes)."""
    inputs = torch.from_numpy((windows.values - trained.mean) / trained.sd)
    with torch.inference_mode():
        return torch.softmax(trained.net(inputs), dim=1).numpy().astype(np.float64)


def accuracy(trained: Trained, windows: Windows) -> float:
    """Share of windows that get their label."""
    chosen = probabilities(trained, windows).argmax(axis=1)
    return float((chosen == windows.labels).mean())


def train_basicmotions(out: Path, assets: Path, config: TrainConfig) -> dict[str, Any]:
    """Train on the BasicMotions training cases and write weights with their card.

    Args:
        out: File for the weights (safetensors).
        assets: Folder of the data that ships.
        config: Settings of the run.

    Returns:
        The card. Its fold accuracy comes from training cases that were held out whole; the test
        cases are looked at once, at the end.

    Raises:
        ModelError: If the cases are missing.
        OSError: If the weights cannot be written.
    """
    folder = assets / "recordings"
    cases = read_cases(folder / "basicmotions_train.npz")
    windows = cut_windows(cases, n=config.window, hop=config.hop)
    folds = case_folds(windows.cases, config.n_folds, np.random.default_rng(config.seed))
    held_out = [accuracy(train(config, windows.part(~mask)), windows.part(mask)) for mask in folds]
    trained = train(config, windows)
    test = cut_windows(
        read_cases(folder / "basicmotions_test.npz"), n=config.window, hop=config.hop
    )
    card = ModelCard(
        classes=windows.classes,
        channels=BASICMOTIONS_CHANNELS,
        rate_hz=cases.rate_hz,
        window=config.window,
        hop=max(1, config.window // 4),
        width=config.width,
        mean=tuple(trained.mean.tolist()),
        sd=tuple(trained.sd.tolist()),
        training_set="BasicMotions, 40 training cases (BSD-3-Clause, aeon)",
        settings=asdict(config),
        metrics={
            "fold_accuracy_mean": float(np.mean(held_out)),
            "fold_accuracy_worst": float(np.min(held_out)),
            "test_accuracy": accuracy(trained, test),
        },
    )
    save_model(out, trained.net, card)
    return card.to_json()
