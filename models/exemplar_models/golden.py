"""Golden features: a synthetic image any language can make with integer arithmetic, and a subset of its features."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from . import training_free as tf
from .backbone import FEATURES, Backbone, normalise

# (height, width); 260 and its odd intermediate sizes (130, 65, 33, 17, 9) are where wrong padding shows.
GOLDEN_SIZES: tuple[tuple[int, int], ...] = ((260, 260), (320, 320), (448, 448), (384, 512))
FORMULA = "((x>>3)*37 + (y>>3)*59 + c*83 + ((x*y) & 63)) & 255"


def golden_image(height: int, width: int) -> np.ndarray:
    """The synthetic photo [3,H,W] uint8 of `FORMULA`: x column, y row, c channel (0 = red)."""
    c, y, x = np.meshgrid(np.arange(3), np.arange(height), np.arange(width), indexing="ij")
    return (((x >> 3) * 37 + (y >> 3) * 59 + c * 83 + ((x * y) & 63)) & 255).astype(np.uint8)


def golden_input(height: int, width: int) -> torch.Tensor:
    """The network input [1,3,H,W] float32 of the synthetic photo."""
    return normalise(torch.from_numpy(golden_image(height, width)))[None]


def golden_name(height: int, width: int) -> str:
    return f"backbone-{width}x{height}.json"


def _subset(size: int) -> list[int]:
    return sorted({0, 1, size // 3, size // 2, size - 2, size - 1})


def golden_record(net: Backbone, height: int, width: int) -> dict[str, object]:
    """Features of the synthetic photo: shapes, per-channel means and values at chosen rows, columns and channels."""
    with torch.no_grad():
        outputs = net(golden_input(height, width))
    maps = []
    for spec, out in zip(FEATURES, outputs, strict=True):
        f = out[0].numpy().astype(np.float64)
        rows, columns = _subset(f.shape[1]), _subset(f.shape[2])
        channels = list(range(0, spec.channels, 8 if spec.channels < 200 else 16))
        values = f[np.ix_(channels, rows, columns)]
        maps.append(
            {
                "name": spec.name,
                "shape": [1, *f.shape],
                "scale": float(f"{np.abs(f).max():.7g}"),
                "rows": rows,
                "columns": columns,
                "channels": channels,
                "values": [float(f"{v:.7g}") for v in values.ravel()],
                "channelMeans": [float(f"{v:.7g}") for v in f.mean((1, 2))],
            }
        )
    return {
        "schemaVersion": 1,
        "note": "values are [channel][row][column], flattened; compare |difference| <= 1e-4 * scale",
        "pixel": FORMULA,
        "height": height,
        "width": width,
        "outputs": maps,
    }


def write_golden(net: Backbone, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for height, width in GOLDEN_SIZES:
        path = folder / golden_name(height, width)
        path.write_text(json.dumps(golden_record(net, height, width), separators=(",", ":")) + "\n")
        written.append(path)
    return written


def park_miller(count: int, seed: int) -> np.ndarray:
    """Numbers in -0.5..0.5 [count]: state = state * 16807 mod (2^31 - 1), value = state / (2^31 - 1) - 0.5."""
    state, values = seed, np.empty(count)
    for i in range(count):
        state = state * 16807 % 2147483647
        values[i] = state / 2147483647 - 0.5
    return values


Box = tuple[int, int, int, int]
"""Left, top, right, bottom in cells."""


def synthetic_map(channels: int, height: int, width: int, seed: int, box: Box) -> np.ndarray:
    """Random map [channels,height,width] float32, with (c % 5 - 2) / 5 more in `box`."""
    left, top, right, bottom = box
    values = park_miller(channels * height * width, seed).reshape(channels, height, width)
    values[:, top:bottom, left:right] += ((np.arange(channels) % 5 - 2) / 5)[:, None, None]
    return values.astype(np.float32)


def synthetic_maps(height: int, width: int, seed: int, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """s16b [120,h,w] from `seed` and s32 [352,h/2,w/2] from the next; `box` in stride-16 cells, halved downwards."""
    left, top, right, bottom = (edge // 2 for edge in box)
    coarse = synthetic_map(352, height // 2, width // 2, seed + 1, (left, top, right, bottom))
    return synthetic_map(120, height, width, seed, box), coarse


def synthetic_features(height: int, width: int, seed: int, box: Box) -> dict[str, np.ndarray]:
    """All four maps of the backbone: `synthetic_maps`, s8 [48,2h,2w] from seed + 2, s16a [88,h,w] from seed + 3."""
    left, top, right, bottom = (2 * edge for edge in box)
    fine, coarse = synthetic_maps(height, width, seed, box)
    return {
        "s8": synthetic_map(48, 2 * height, 2 * width, seed + 2, (left, top, right, bottom)),
        "s16a": synthetic_map(88, height, width, seed + 3, box),
        "s16b": fine,
        "s32": coarse,
    }


def write_predictor_golden(folder: Path) -> Path:
    """Scores of the training-free predictor for synthetic maps, 24 x 26 cells, so that merging is part of it."""
    height, width, boxes = 24, 26, ((4, 6, 14, 18), (10, 2, 22, 10))
    supports = []
    for seed, box in ((11, boxes[0]), (21, boxes[1])):
        # One mask pixel is half a cell; the mask overlaps its cells by one pixel on the left.
        mask = np.zeros((2 * height, 2 * width))
        mask[2 * box[1] : 2 * box[3], 2 * box[0] - 1 : 2 * box[2]] = 1
        cells = tf.coverage(mask, height, width).ravel()
        t = tf.tokens(*synthetic_maps(height, width, seed, box))
        supports.append(tf.encode(t, cells, np.zeros_like(cells)))
    query = tf.tokens(*synthetic_maps(height, width, 31, (6, 4, 16, 12)))

    def rounded(x: np.ndarray) -> list[float]:
        return [float(f"{v:.6g}") for v in np.ravel(x)]

    record = {
        "schemaVersion": 1,
        "note": "see synthetic_maps in exemplar_models/golden.py; maps seeds 11, 21 (supports) and 31 (query)",
        "height": height,
        "width": width,
        "supportBoxes": boxes,
        "queryBox": (6, 4, 16, 12),
        "tokens": [len(s.tokens) for s in supports],
        "foreground": [float(s.foreground.sum()) for s in supports],
        "background": [float(s.background.sum()) for s in supports],
        "firstToken": rounded(query[0, ::16]),
        "score1": rounded(tf.score(query, supports[:1])),
        "score2": rounded(tf.score(query, supports)),
    }
    maps = [np.reshape(tf.score(query, supports[:n]), (height, width)) for n in (1, 2)]
    record["kept"] = [int((tf.suppress(m) > tf.THRESHOLD).sum()) for m in maps]
    path = folder / "training-free.json"
    path.write_text(json.dumps(record, separators=(",", ":")) + "\n")
    return path
