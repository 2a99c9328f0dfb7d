"""A small convolutional recurrent net that classifies one window, about 50 kB."""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConfig:
    """Shape of the net; travels with its weights.

    Attributes:
        n_channels: Columns of a window.
        n_classes: Classes.
        width: Features of the convolutions and of the recurrent state.
    """

    n_channels: int = 6
    n_classes: int = 4
    width: int = 24


class ActivityNet(nn.Module):
    """Two convolutions, a gated recurrent unit, mean over time, one linear layer."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.features = nn.Sequential(
            nn.Conv1d(config.n_channels, width, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.Conv1d(width, width, kernel_size=5, stride=2, padding=2),
            nn.ReLU(),
        )
        self.recurrent = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, config.n_classes)

    def forward(self, windows: Tensor) -> Tensor:
        """Class scores, shape (n_windows, n_classes), of windows (n_windows, n, n_channels)."""
        features = self.features(windows.transpose(1, 2)).transpose(1, 2)
        states, _ = self.recurrent(features)
        return self.head(states.mean(dim=1))
