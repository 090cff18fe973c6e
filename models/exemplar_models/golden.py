"""Golden features: a synthetic image any language can make with integer arithmetic, and a subset of its features."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

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
