"""Tiny made data sets in the true layouts: coloured rectangles, one colour a class, on grey."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 65


def picture(rng: np.random.Generator, class_id: int, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """RGB [s,s,3] and mask [s,s] of one rectangle in its class's colour, its outline marked 255 as VOC does."""
    image = rng.integers(90, 130, (side, side, 3)).astype(np.uint8)
    mask = np.zeros((side, side), np.uint8)
    left, top = (int(v) for v in rng.integers(4, side // 3, 2))
    right, bottom = (
        left + int(rng.integers(side // 2, side * 3 // 5)),
        top + int(rng.integers(side // 2, side * 3 // 5)),
    )
    colour = [(255 if class_id * 7 % 3 == c else class_id * 53 % 80) for c in range(3)]
    image[top:bottom, left:right] = colour
    mask[top - 1 : bottom + 1, left - 1 : right + 1] = 255
    mask[top:bottom, left:right] = class_id
    return image, mask


def save_palette(mask: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(mask).convert("P")
    image.putdata(mask.ravel().tolist())
    image.putpalette([(i * 37 + c * 11) % 256 for i in range(256) for c in range(3)])
    image.save(path)


def make_voc(root: Path, classes: Sequence[int], train: int, val: int, seed: int = 0) -> Path:
    """VOC 2012 + SBD layout: `train` and `val` images of each class; the first training image is VOC's own."""
    rng = np.random.default_rng(seed)
    names: dict[str, list[str]] = {"train": [], "trainaug": [], "val": []}
    for c in classes:
        for i in range(train + val):
            name = f"2007_{c:03d}{i:03d}"
            image, mask = picture(rng, c)
            (root / "JPEGImages").mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(root / "JPEGImages" / f"{name}.jpg", quality=95)
            if i >= train or i == 0:
                save_palette(mask, root / "SegmentationClass" / f"{name}.png")
            if i < train:
                save_palette(mask, root / "SegmentationClassAug" / f"{name}.png")
            names["val" if i >= train else "trainaug"].append(name)
            if i == 0:
                names["train"].append(name)
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    for part, found in names.items():
        lines = found
        if part == "trainaug":
            lines = [f"/JPEGImages/{n}.jpg /SegmentationClassAug/{n}.png" for n in found]
        (lists / f"{part}.txt").write_text("\n".join(lines) + "\n")
    return root


def make_folder(root: Path, classes: dict[int, str], per_class: int, seed: int = 0) -> Path:
    """One of our data set folders."""
    rng = np.random.default_rng(seed)
    items = []
    for c in classes:
        for i in range(per_class):
            name = f"{c:02d}-{i:02d}"
            image, mask = picture(rng, c)
            for folder, array in (("images", image), ("masks", mask)):
                (root / folder).mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(root / folder / f"{name}.png")
            items.append(
                {
                    "image": f"images/{name}.png",
                    "mask": f"masks/{name}.png",
                    "class_ids": [c],
                    "px": {str(c): int((mask == c).sum())},
                    "w": SIDE,
                    "h": SIDE,
                }
            )
    manifest = {"name": root.name, "classes": {str(i): n for i, n in classes.items()}, "items": items}
    (root / "manifest.json").write_text(json.dumps(manifest))
    return root
