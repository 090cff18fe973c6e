"""Which input scaling do the weights expect? `python -m exemplar_models.check_scaling DATA_SET_FOLDER`.

Classifies photos that one class with an ImageNet counterpart dominates (at least 15% of the pixels, and most of them)
with the whole published network at 260 px, under several scalings, and prints how often that class is found.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .backbone import load_classifier

SIZE = 260
SMALLEST_SHARE = 0.15
# COCO class -> ImageNet-1k indices that mean it.
COUNTERPARTS: dict[str, list[int]] = {
    "zebra": [340],
    "laptop": [620, 681],
    "pizza": [963],
    "banana": [954],
    "stop sign": [919],
    "elephant": [385, 386, 101],
    "bear": [*range(294, 298)],
    "toilet": [861],
    "airplane": [404, 895],
    "broccoli": [937],
    "orange": [950],
    "umbrella": [879],
    "parking meter": [704],
    "teddy bear": [850],
    "cat": [*range(281, 288)],
    "dog": [*range(151, 269)],
    "bus": [779, 654, 874],
    "train": [466, 547, 705, 820],
    "motorcycle": [670, 665],
    "clock": [409, 892, 530],
    "bench": [703],
    "sheep": [348],
    "traffic light": [920],
    "microwave": [651],
    "refrigerator": [760],
    "vase": [883],
    "mouse": [673],
    "cell phone": [487],
    "tie": [906, 457],
    "hot dog": [934],
    "couch": [831],
    "bird": [*range(7, 25), *range(80, 101), *range(127, 147)],
    "cow": [345, 346, 347, 690],
    "bicycle": [444, 671],
    "keyboard": [508],
}


def crop(path: Path) -> np.ndarray:
    """Centre crop [260,260,3] of the photo scaled to 298 px on its short side."""
    image = Image.open(path).convert("RGB")
    scale = 298 / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (image.width - SIZE) // 2, (image.height - SIZE) // 2
    return np.asarray(image.crop((left, top, left + SIZE, top + SIZE)), np.float32)


def choose(folder: Path) -> list[tuple[Path, list[int]]]:
    manifest = json.loads((folder / "manifest.json").read_text())
    found = []
    for item in manifest["items"]:
        if not item["px"]:
            continue
        largest = max(item["px"], key=item["px"].get)
        wanted = COUNTERPARTS.get(manifest["classes"][largest])
        if wanted and item["px"][largest] > SMALLEST_SHARE * item["w"] * item["h"]:
            found.append((folder / item["image"], wanted))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    chosen = choose(parser.parse_args().folder)
    x = torch.from_numpy(np.stack([crop(path) for path, _ in chosen])).permute(0, 3, 1, 2)
    mean = torch.tensor([123.675, 116.28, 103.53])[:, None, None]
    deviation = torch.tensor([58.395, 57.12, 57.375])[:, None, None]
    scalings = {
        "(x - 127) / 128": (x - 127) / 128,
        "(x - 127.5) / 127.5": (x - 127.5) / 127.5,
        "(x - 127) / 255": (x - 127) / 255,
        "x / 255": x / 255,
        "ImageNet mean and deviation": (x - mean) / deviation,
        "(x - 127) / 64": (x - 127) / 64,
        "(x - 127) / 128, BGR": ((x - 127) / 128).flip(1),
        "x - 127": x - 127,
    }
    net = load_classifier()
    print(f"{len(chosen)} photos")
    for name, batch in scalings.items():
        with torch.no_grad():
            p = torch.cat([net(part) for part in batch.split(32)]).softmax(1).numpy()
        order = np.argsort(-p, axis=1)[:, :5]
        first = np.mean([o[0] in w for o, (_, w) in zip(order, chosen, strict=True)])
        five = np.mean([bool(set(o) & set(w)) for o, (_, w) in zip(order, chosen, strict=True)])
        right = np.mean([row[w].sum() for row, (_, w) in zip(p, chosen, strict=True)])
        print(f"{name:28s} top-1 {100 * first:.1f}  top-5 {100 * five:.1f}  probability {right:.3f}")


if __name__ == "__main__":
    main()
