"""A net on strain as one C99 header: int8 weights and the function that runs them.

The function takes excursions of strain at the net's rate, one row a sample, and gives the scores
that `int8_net` gives. It needs no library but ``math.h``, no heap, and a work array.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearables.activity.export import Int8Layer, to_int8
from wearables.activity.members.net import LEAST_LEAD, LEAST_OWN, TYPICAL_LOG_SIZE, RepetitionNet

_RUN = """
static float NAME_abs_max(const float *x, int n, int column)
{
    float most = 0.0f;
    for (int i = 0; i < n; i++) {
        const float size = fabsf(x[i * NAME_SENSORS + column]);
        most = size > most ? size : most;
    }
    return most;
}

/* Convolution of seven taps with padding of three, and rectification; x and y are channel first. */
static int NAME_convolve(const int8_t *w, const float *scale, const float *bias, int n_in,
                         int n_out, int stride, const float *x, int n, float *y)
{
    const int m = (n - 1) / stride + 1;
    for (int o = 0; o < n_out; o++) {
        for (int j = 0; j < m; j++) {
            float sum = 0.0f;
            for (int i = 0; i < n_in; i++) {
                for (int k = 0; k < 7; k++) {
                    const int at = j * stride + k - 3;
                    if (at >= 0 && at < n) {
                        sum += (float)w[(o * n_in + i) * 7 + k] * x[i * n + at];
                    }
                }
            }
            sum = sum * scale[o] + bias[o];
            y[o * m + j] = sum > 0.0f ? sum : 0.0f;
        }
    }
    return m;
}

/* Scores of one window: excursion holds n rows of NAME_SENSORS, work NAME_WORK(n) floats. */
static void NAME_run(const float *excursion, int n, float *work, float *scores)
{
    float *x = work, *y = work + NAME_WIDEST * n;
    float lead = NAME_abs_max(excursion, n, NAME_LEADING);
    lead = lead < LEAST_LEAD ? LEAST_LEAD : lead;
    for (int s = 0; s < NAME_SENSORS; s++) {
        float own = NAME_abs_max(excursion, n, s);
        own = own < LEAST_OWN ? LEAST_OWN : own;
        for (int i = 0; i < n; i++) {
            x[s * n + i] = excursion[i * NAME_SENSORS + s] / lead;
            x[(NAME_SENSORS + s) * n + i] = excursion[i * NAME_SENSORS + s] / own;
        }
    }
    for (int i = 0; i < n * NAME_SEES_SIZE; i++) {
        x[2 * NAME_SENSORS * n + i] = logf(lead) - TYPICAL_LOG_SIZE;
    }
LAYERS
    for (int c = 0; c < NAME_CLASSES; c++) {
        float sum = 0.0f;
        for (int o = 0; o < NAME_LAST; o++) {
            float mean = 0.0f, most = 0.0f;
            for (int i = 0; i < n; i++) {
                mean += x[o * n + i];
                most = x[o * n + i] > most ? x[o * n + i] : most;
            }
            sum += (float)NAME_head_w[c * 2 * NAME_LAST + o] * mean / (float)n
                 + (float)NAME_head_w[c * 2 * NAME_LAST + NAME_LAST + o] * most;
        }
        scores[c] = sum * NAME_head_scale[c] + NAME_head_bias[c];
    }
}
"""


def export_c_header(path: Path, net: RepetitionNet, *, name: str) -> int:
    """Write int8 weights, scales, biases and the function ``NAME_run``.

    Args:
        path: Header to write.
        net: The net.
        name: Prefix, a C identifier.

    Returns:
        Bytes of the weights in flash.

    Raises:
        OSError: If the file cannot be written.
    """
    layers = to_int8(net)
    lines = ["#pragma once", "#include <math.h>", "#include <stdint.h>", ""]
    for layer in layers:
        shape = " x ".join(str(n) for n in layer.weight.shape)
        lines.append(f"/* {layer.name}: {shape}, output channel first; w = scale * int8 */")
        lines.append(_array("int8_t", f"{name}_{layer.name}_w", layer.weight))
        lines.append(_array("float", f"{name}_{layer.name}_scale", layer.scale))
        lines.append(_array("float", f"{name}_{layer.name}_bias", layer.bias))
    lines += [*_sizes(net, layers, name), _function(net, layers, name)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sum(layer.n_bytes for layer in layers)


def _sizes(net: RepetitionNet, layers: list[Int8Layer], name: str) -> list[str]:
    n_inputs = layers[0].weight.shape[1]
    widest = max(n_inputs, *(layer.weight.shape[0] for layer in layers[:-1]))
    sizes = {
        "SENSORS": (n_inputs - net.sees_size) // 2,
        "SEES_SIZE": int(net.sees_size),
        "LEADING": net.leading,
        "CLASSES": layers[-1].weight.shape[0],
        "LAST": layers[-2].weight.shape[0],
        "WIDEST": widest,
    }
    rows = [f"#define {name}_{key} {value}" for key, value in sizes.items()]
    return [*rows, f"#define {name}_WORK(n) (2 * {name}_WIDEST * (n))"]


def _function(net: RepetitionNet, layers: list[Int8Layer], name: str) -> str:
    calls = []
    for i, (layer, block) in enumerate(zip(layers[:-1], net.features, strict=True)):
        n_out, n_in, _ = layer.weight.shape
        stride = block[0].stride[0]  # type: ignore[index]
        source, target = ("x", "y") if i % 2 == 0 else ("y", "x")
        arrays = ", ".join(f"{name}_{layer.name}_{part}" for part in ("w", "scale", "bias"))
        calls.append(
            f"    n = {name}_convolve({arrays},\n"
            f"        {n_in}, {n_out}, {stride}, {source}, n, {target});"
        )
    text = _RUN.replace("LAYERS", "\n".join(calls)).replace("NAME", name)
    for key, value in (
        ("LEAST_LEAD", LEAST_LEAD), ("LEAST_OWN", LEAST_OWN), ("TYPICAL_LOG_SIZE", TYPICAL_LOG_SIZE)
    ):  # fmt: skip
        text = text.replace(key, f"{value}f")
    return text


def _array(kind: str, name: str, values: NDArray[np.generic]) -> str:
    flat = values.ravel().tolist()
    texts = [str(v) if kind == "int8_t" else f"{v:.9e}f" for v in flat]
    rows = [", ".join(texts[i : i + 12]) for i in range(0, len(texts), 12)]
    body = ",\n  ".join(rows)
    return f"static const {kind} {name}[{len(flat)}] = {{\n  {body}\n}};"
