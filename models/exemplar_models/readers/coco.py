"""COCO-20i (Nguyen and Todorovic, arXiv 1909.13140) on COCO 2014.

Expected below the folder given:

    train2014/*.jpg, val2014/*.jpg
    annotations/train2014/*.png, annotations/val2014/*.png      one 8-bit id a pixel, named like the images; or
    annotations/instances_train2014.json, instances_val2014.json  COCO's own files

A folder of PNGs is preferred. Its ids must be contiguous (1..80, in the order of COCO's category ids); PNGs
of COCO's raw ids (1..90 with gaps) need `ids="raw"` and are refused otherwise, for the fold rule counts contiguous ids.
From JSON, objects are painted large to small (so small ones lie on top), crowds as 255 below everything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from .base import IGNORE, DataSet, Item, file_stamp, index_masks, indexed_mask

FOLDS = 4
# fmt: off
COCO_CLASSES: tuple[str, ...] = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)
# fmt: on
# Raw category ids that COCO 2014 does not use.
UNUSED_RAW_IDS = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
RAW_IDS: tuple[int, ...] = tuple(i for i in range(1, 91) if i not in UNUSED_RAW_IDS)
CONTIGUOUS: Mapping[int, int] = {raw: i for i, raw in enumerate(RAW_IDS, start=1)}


def coco_fold(fold: int) -> tuple[int, ...]:
    """Contiguous class ids held out in a fold 0..3: every fourth, (id - 1) mod 4 = fold."""
    if not 0 <= fold < FOLDS:
        raise ValueError(f"COCO-20i has folds 0 to 3, not {fold}")
    return tuple(i for i in range(1, len(COCO_CLASSES) + 1) if (i - 1) % FOLDS == fold)


def decode_counts(text: str) -> list[int]:
    """Run lengths of COCO's compressed form: 5 bits a character from code 48 on, signed, from the third on as
    difference to the run two before."""
    counts: list[int] = []
    at = 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            code = ord(text[at]) - 48
            value |= (code & 31) << shift
            more = bool(code & 32)
            at, shift = at + 1, shift + 5
            if not more and code & 16:
                value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
    return counts


def decode_runs(counts: Sequence[int], height: int, width: int) -> np.ndarray:
    """Alternating runs of 0 and 1, down the columns -> bool [H,W]. Raises ValueError if they do not fill the mask."""
    if sum(counts) != height * width:
        raise ValueError(f"runs cover {sum(counts)} of {height * width} pixels")
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(width, height).T


def _draw(segmentation: object, height: int, width: int) -> np.ndarray:
    if isinstance(segmentation, dict):
        counts = segmentation["counts"]
        return decode_runs(decode_counts(counts) if isinstance(counts, str) else counts, height, width)
    canvas = Image.new("1", (width, height))
    for polygon in segmentation if isinstance(segmentation, list) else []:
        if len(polygon) >= 6:
            ImageDraw.Draw(canvas).polygon([float(v) for v in polygon], fill=1, outline=1)
    return np.asarray(canvas)


class CocoSet(DataSet):
    """Training or validation images of COCO 2014 with contiguous ids 1..80.

    `cache` keeps the pixel counts of the masks between runs. Raises FileNotFoundError naming what the layout lacks, and
    ValueError for raw ids given as contiguous.
    """

    def __init__(
        self,
        folder: Path,
        part: Literal["train", "val"],
        cache: Path | None = None,
        progress: Callable[[int], None] | None = None,
        ids: Literal["contiguous", "raw"] = "contiguous",
    ) -> None:
        self.name = f"coco-{part}"
        self.classes = dict(enumerate(COCO_CLASSES, start=1))
        self._ids = ids
        self._images = folder / f"{part}2014"
        if not self._images.is_dir():
            raise FileNotFoundError(f"{self._images} is missing")
        self._masks: Path | None = folder / "annotations" / f"{part}2014"
        self._records: dict[str, tuple[int, int, list[dict[str, object]]]] = {}
        self._json = folder / "annotations" / f"instances_{part}2014.json"
        if self._masks.is_dir():
            names = sorted(f"{p.stem}.jpg" for p in self._masks.glob("*.png"))
        elif self._json.exists():
            self._masks = None
            self._read_json()
            names = sorted(self._records)
        else:
            raise FileNotFoundError(f"neither {self._masks} (PNG masks) nor {self._json} exists")
        found = index_masks(names, self.mask, self._stamp, cache, progress)
        self.items = {name: Item(name, self._images / name, e.width, e.height, e.pixels) for name, e in found.items()}

    def _read_json(self) -> None:
        found = json.loads(self._json.read_text())
        by_id: dict[int, str] = {}
        for image in found["images"]:
            by_id[image["id"]] = image["file_name"]
            self._records[image["file_name"]] = (image["height"], image["width"], [])
        for annotation in found["annotations"]:
            kept = {key: annotation[key] for key in ("category_id", "segmentation", "iscrowd")}
            self._records[by_id[annotation["image_id"]]][2].append(kept)

    def _stamp(self, name: str) -> str:
        path = self._json if self._masks is None else self._masks / f"{Path(name).stem}.png"
        return f"{self._ids}-{file_stamp(path)}"

    def mask(self, name: str) -> np.ndarray:
        if self._masks is None:
            return self._paint(name)
        path = self._masks / f"{Path(name).stem}.png"
        mask = indexed_mask(path)
        if self._ids == "raw":
            return _RAW_TABLE[mask]
        if mask[mask != IGNORE].max(initial=0) > len(COCO_CLASSES):
            raise ValueError(
                f"{path} has ids over {len(COCO_CLASSES)}: these look like COCO's raw category ids (up to 90), and the "
                f"fold rule needs contiguous ones. Read the set with raw ids."
            )
        return mask

    def _paint(self, name: str) -> np.ndarray:
        height, width, annotations = self._records[name]
        mask = np.zeros((height, width), np.uint8)
        drawn = [(_draw(a["segmentation"], height, width), a) for a in annotations]
        for area, a in drawn:
            if a["iscrowd"]:
                mask[area] = IGNORE
        for area, a in sorted(drawn, key=lambda pair: -int(pair[0].sum())):
            if not a["iscrowd"]:
                mask[area] = CONTIGUOUS[int(str(a["category_id"]))]
        return mask


def _raw_table() -> np.ndarray:
    table = np.full(256, IGNORE, np.uint8)
    table[0] = 0
    for raw, contiguous in CONTIGUOUS.items():
        table[raw] = contiguous
    return table


_RAW_TABLE = _raw_table()
