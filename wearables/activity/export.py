"""Nets for other places: TorchScript, and weights rounded to int8.

Int8 is symmetric and per output channel (Jacob 2018, section 3), weights only; batch norms are
folded into the convolutions first. `export_c` writes them as C.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from wearables.activity.members.net import RepetitionNet

_LIMIT = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Int8Layer:
    """Weights of a layer.

    Attributes:
        name: Name of the layer.
        weight: Rounded weights, the first axis is the output channel.
        scale: Factor of each output channel, shape (n_out,).
        bias: Bias as float32, shape (n_out,).
    """

    name: str
    weight: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]

    @property
    def n_bytes(self) -> int:
        """Size in flash."""
        return self.weight.nbytes + self.scale.nbytes + self.bias.nbytes


class Normalised(nn.Module):
    """A net with the constants its windows are normalised by, from SI to probabilities."""

    def __init__(self, net: nn.Module, mean: Sequence[float], sd: Sequence[float]) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.sd: torch.Tensor
        self.net = net
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("sd", torch.tensor(sd, dtype=torch.float32))

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Probabilities, shape (n_windows, n_classes), of windows (n_windows, n, n_channels)."""
        return torch.softmax(self.net((windows - self.mean) / self.sd), dim=1)


def export_torchscript(path: Path, net: nn.Module, *, n_samples: int, n_channels: int) -> None:
    """Trace a net and write it, to be loaded without this project.

    Args:
        path: File to write.
        net: The net.
        n_samples: Samples of a window at the net's rate.
        n_channels: Channels of a window.

    Raises:
        OSError: If the file cannot be written.
    """
    example = torch.linspace(-1, 1, n_samples * n_channels).reshape(1, n_samples, n_channels)
    with torch.no_grad(), warnings.catch_warnings():
        # Torch recommends its newer export, which other runtimes do not read.
        warnings.simplefilter("ignore", DeprecationWarning)
        # A recurrent layer looks at the number of dimensions, which does not change.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # pyright: ignore[reportPrivateImportUsage]
        traced: Any = torch.jit.trace(net.eval(), example)
        path.write_bytes(traced.save_to_buffer())


def folded_layers(net: RepetitionNet) -> list[tuple[str, NDArray[np.float32], NDArray[np.float32]]]:
    """Name, weight and bias of each layer, batch norms folded in."""
    found = []
    for i, block in enumerate(net.features):
        conv, norm = block[0], block[1]  # type: ignore[index]
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = conv.weight * gain[:, None, None]
        bias = (conv.bias - norm.running_mean) * gain + norm.bias
        found.append((f"conv{i}", weight.detach().numpy(), bias.detach().numpy()))
    last = net.head[-1]
    found.append(("head", last.weight.detach().numpy(), last.bias.detach().numpy()))  # type: ignore[union-attr]
    return found


def to_int8(net: RepetitionNet) -> list[Int8Layer]:
    """Round the folded weights to int8, each output channel on its own scale."""
    layers = []
    for name, weight, bias in folded_layers(net):
        largest = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
        scale = np.maximum(largest, 1e-12) / _LIMIT
        shape = (-1, *([1] * (weight.ndim - 1)))
        rounded = np.rint(weight / scale.reshape(shape)).astype(np.int8)
        layers.append(
            Int8Layer(name=name, weight=rounded, scale=scale.astype(np.float32), bias=bias)
        )
    return layers


def int8_net(net: RepetitionNet) -> RepetitionNet:
    """The net as firmware would run it: rounded weights, to say what rounding costs."""
    copied = RepetitionNet(
        n_sensors=(net.features[0][0].in_channels - net.sees_size) // 2,  # type: ignore[index]
        n_classes=net.head[-1].out_features,  # type: ignore[union-attr]
        width=net.features[0][0].out_channels,  # type: ignore[index]
        leading=net.leading,
        sees_size=net.sees_size,
    ).eval()
    *convolutions, head = to_int8(net)
    with torch.no_grad():
        for block, layer in zip(copied.features, convolutions, strict=True):
            conv, norm = block[0], block[1]  # type: ignore[index]
            _fill(conv, layer)
            # A norm that does nothing, for it is folded in already.
            norm.running_var.fill_(1.0 - norm.eps)
        _fill(copied.head[-1], head)
    return copied


def _fill(layer: nn.Module, values: Int8Layer) -> None:
    shape = (-1, *([1] * (values.weight.ndim - 1)))
    weight = values.weight.astype(np.float32) * values.scale.reshape(shape)
    layer.weight.copy_(torch.from_numpy(weight))  # type: ignore[operator, union-attr]
    layer.bias.copy_(torch.from_numpy(values.bias))  # type: ignore[operator, union-attr]
