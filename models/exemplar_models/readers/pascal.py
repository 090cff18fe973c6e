"""PASCAL-5i (Shaban et al., arXiv 1709.03410) on VOC 2012 extended by SBD.

Expected below the folder given (or its `VOC2012` or `VOCdevkit/VOC2012`):

    JPEGImages/*.jpg
    SegmentationClass/*.png       VOC masks (palette PNG, ids 0..20, 255 border)
    SegmentationClassAug/*.png    SBD masks in the same form
    ImageSets/Segmentation/val.txt
    ImageSets/Segmentation/trainaug.txt (or train_aug.txt, or either in ImageSets/SegmentationAug/)

Without an "aug" list the training images are all of SegmentationClassAug outside val.txt; without that folder train.txt
is taken with SegmentationClass, which is a seventh of the published training set (`without_sbd` says so). A line of a
list may be a bare name or paths, as common lists have it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from .base import DataSet, Item, file_stamp, index_masks, indexed_mask

PASCAL_CLASSES: tuple[str, ...] = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
FOLDS = 4
LISTS = ("Segmentation", "SegmentationAug")
AUG_NAMES = ("trainaug.txt", "train_aug.txt")


def pascal_fold(fold: int) -> tuple[int, ...]:
    """Class ids (1-based) held out in a fold 0..3: five neighbours each."""
    if not 0 <= fold < FOLDS:
        raise ValueError(f"PASCAL-5i has folds 0 to 3, not {fold}")
    return tuple(range(5 * fold + 1, 5 * fold + 6))


def _find_root(folder: Path) -> Path:
    for root in (folder, folder / "VOC2012", folder / "VOCdevkit" / "VOC2012"):
        if (root / "JPEGImages").is_dir():
            return root
    raise FileNotFoundError(f"{folder} has no JPEGImages, and neither has its VOC2012 or VOCdevkit/VOC2012")


def _read_list(path: Path) -> list[str]:
    return [Path(line.split()[0]).stem for line in path.read_text().splitlines() if line.strip()]


class PascalSet(DataSet):
    """Training (VOC train + SBD, without val) or validation images of VOC 2012, ids 1..20.

    `cache` keeps the pixel counts of the masks between runs. Raises FileNotFoundError naming what the layout lacks.
    """

    def __init__(
        self,
        folder: Path,
        part: Literal["train", "val"],
        cache: Path | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.name = f"pascal-{part}"
        self.classes = dict(enumerate(PASCAL_CLASSES, start=1))
        self._root = _find_root(folder)
        self._aug = self._root / "SegmentationClassAug"
        self.without_sbd = part == "train" and not self._aug.is_dir()
        names = self._names(part)
        # VOC's own masks of validation images, where there are some: the published figures are measured on them.
        own, aug = self._root / "SegmentationClass", self._aug
        self._folders = (own, aug) if part == "val" or self.without_sbd else (aug, own)
        found = index_masks(names, self._read, lambda name: file_stamp(self._path(name)), cache, progress)
        self.items = {
            name: Item(name, self._root / "JPEGImages" / f"{name}.jpg", e.width, e.height, e.pixels)
            for name, e in found.items()
        }

    def _names(self, part: Literal["train", "val"]) -> list[str]:
        lists = self._root / "ImageSets" / "Segmentation"
        if part == "val":
            return _read_list(lists / "val.txt")
        if self.without_sbd:
            return _read_list(lists / "train.txt")
        for path in (self._root / "ImageSets" / f / n for f in LISTS for n in AUG_NAMES):
            if path.exists():
                return _read_list(path)
        held_out = set(_read_list(lists / "val.txt"))
        return sorted(p.stem for p in self._aug.glob("*.png") if p.stem not in held_out)

    def _path(self, name: str) -> Path:
        for folder in self._folders:
            if (folder / f"{name}.png").exists():
                return folder / f"{name}.png"
        raise FileNotFoundError(f"no mask {name}.png in {' or '.join(str(f) for f in self._folders)}")

    def _read(self, name: str) -> np.ndarray:
        mask = indexed_mask(self._path(name))
        if mask[mask != 255].max(initial=0) > len(PASCAL_CLASSES):
            raise ValueError(f"{self._path(name)} has ids over {len(PASCAL_CLASSES)}: not a VOC mask")
        return mask

    def mask(self, name: str) -> np.ndarray:
        return self._read(name)
