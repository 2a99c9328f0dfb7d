"""A small convolutional net for one repetition of strain, about 0.12 MB.

It sees each sensor twice: against the leading one, and against its own largest excursion, so that
gain and offset of a wearer do not matter. Every second net of a committee also sees how large the
leading excursion is: its members should err differently. Four convolutions, mean and maximum over
time, one layer.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

# Windows are thinned to about this rate before the net: strain has nothing above 10 Hz.
NET_RATE_HZ = 25.0
# Keeps the size near zero; its exact value does not matter.
TYPICAL_LOG_SIZE = 1.4
# Excursions below are noise: they are not blown up to full size.
LEAST_LEAD, LEAST_OWN = 0.3, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSettings:
    """Shape and training of the net; travels with its weights.

    Attributes:
        width: Features of the convolutions.
        n_epochs: Passes over the windows.
        batch: Windows in a step.
        learning_rate: Peak of the one-cycle schedule.
        gain_sd: Spread of the random log gain of each sensor.
        shift: Largest shift in time, share of the window.
        n_seeds: Nets trained from different seeds and averaged.
    """

    width: int = 32
    n_epochs: int = 40
    batch: int = 50
    learning_rate: float = 3e-3
    gain_sd: float = 0.1
    shift: float = 0.1
    n_seeds: int = 1


class RepetitionNet(nn.Module):
    """Judges excursions of strain, shape (n_windows, n_samples, n_sensors)."""

    def __init__(
        self, *, n_sensors: int, n_classes: int, width: int, leading: int, sees_size: bool
    ) -> None:
        super().__init__()
        self.leading, self.sees_size = leading, sees_size

        def layer(n_in: int, n_out: int, stride: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv1d(n_in, n_out, 7, stride=stride, padding=3),
                nn.BatchNorm1d(n_out),
                nn.ReLU(),
                nn.Dropout(0.15),
            )

        self.features = nn.Sequential(
            layer(2 * n_sensors + sees_size, width, 1),
            layer(width, width, 2),
            layer(width, width, 2),
            layer(width, 2 * width, 2),
        )
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(4 * width, n_classes))

    def forward(self, excursion: Tensor) -> Tensor:
        """Class scores, shape (n_windows, n_classes)."""
        found = self.features(self.shapes(excursion).transpose(1, 2))
        return self.head(torch.cat([found.mean(dim=2), found.amax(dim=2)], dim=1))

    def shapes(self, excursion: Tensor) -> Tensor:
        """Each sensor against the leading one, and against itself."""
        lead = excursion[..., self.leading].abs().amax(dim=1)[:, None, None].clamp(min=LEAST_LEAD)
        own = excursion.abs().amax(dim=1, keepdim=True).clamp(min=LEAST_OWN)
        seen = [excursion / lead, excursion / own]
        if self.sees_size:
            seen.append(lead.log().expand(-1, excursion.shape[1], 1) - TYPICAL_LOG_SIZE)
        return torch.cat(seen, dim=2)


def train_net(
    excursion: NDArray[np.floating], labels: NDArray[np.integer], *, n_classes: int, leading: int,
    settings: NetSettings, seed: int, sees_size: bool, start: RepetitionNet | None = None,
) -> RepetitionNet:  # fmt: skip
    """Train one net; bitwise repeatable on one machine, the global generator left alone.

    Args:
        excursion: Excursions of strain at about NET_RATE_HZ, shape (n_windows, n_samples,
            n_sensors).
        labels: Class numbers.
        n_classes: Classes.
        leading: Column of the leading sensor.
        settings: Shape and training.
        seed: Seed of weights, order, gains and shifts.
        sees_size: Whether the net sees how large the leading excursion is.
        start: A net of the same shape whose weights it starts from; it stays as it is.
    """
    inputs = torch.from_numpy(np.asarray(excursion, dtype=np.float32))
    targets = torch.from_numpy(np.asarray(labels, dtype=np.int64))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = RepetitionNet(
            n_sensors=inputs.shape[2],
            n_classes=n_classes,
            width=settings.width,
            leading=leading,
            sees_size=sees_size,
        )
        if start is not None:
            net.load_state_dict(start.state_dict())
        _fit(net, inputs, targets, settings)
    return net.eval()


def _fit(net: RepetitionNet, inputs: Tensor, targets: Tensor, settings: NetSettings) -> None:
    """Mixup (Zhang 2018), one share a batch; gain, offset and shift vary, a sensor drops out."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=settings.learning_rate, weight_decay=0.02)
    n_batches = -(-len(inputs) // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=settings.learning_rate, total_steps=settings.n_epochs * n_batches
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    mixing = torch.distributions.Beta(0.3, 0.3)
    net.train()
    for _ in range(settings.n_epochs):
        for rows in torch.randperm(len(inputs)).split(settings.batch):
            if len(rows) < 2:
                continue  # a batch of one has no spread to normalise by
            strain, share = _varied(inputs[rows], net.leading, settings), mixing.sample()
            other = torch.randperm(len(rows))
            scores = net(share * strain + (1 - share) * strain[other])
            loss = share * loss_of(scores, targets[rows])
            loss = loss + (1 - share) * loss_of(scores, targets[rows][other])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def _varied(strain: Tensor, leading: int, settings: NetSettings) -> Tensor:
    """The same repetitions on other wearers."""
    n, n_samples, n_sensors = strain.shape
    gain = torch.exp(settings.gain_sd * torch.randn(n, 1, n_sensors))
    size = torch.exp(0.1 * torch.randn(n, 1, 1))
    varied = strain * gain * size + 0.03 * torch.randn(n, 1, n_sensors)
    reach = max(1, int(settings.shift * n_samples))
    varied = torch.roll(varied, int(torch.randint(-reach, reach + 1, (1,))), dims=1)
    kept = (torch.rand(n, 1, n_sensors) > 0.1).float()
    kept[..., leading] = 1.0
    return varied * kept


def net_probabilities(net: RepetitionNet, excursion: NDArray[np.floating]) -> NDArray[np.float64]:
    """Class probabilities, shape (n_windows, n_classes)."""
    with torch.inference_mode():
        scores = net(torch.from_numpy(np.asarray(excursion, dtype=np.float32)))
        return torch.softmax(scores, dim=1).numpy().astype(np.float64)
