"""What every data set offers: named items with sizes and pixel counts, images and masks on demand."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from PIL import Image, ImageOps

from ..losses import IGNORE

__all__ = ["IGNORE", "DataSet", "Indexed", "Item", "file_stamp", "index_masks", "indexed_mask", "pixel_counts"]

INDEX_VERSION = 1


@dataclass(frozen=True)
class Item:
    """One image. `name` is what episode lists call it; `pixels` counts mask pixels by class id (no 0, no 255).

    A `partial` item has only some classes labelled. It may serve for a class it shows, and never as a query, negative
    or absence case for another.
    """

    name: str
    image: Path
    width: int
    height: int
    pixels: Mapping[int, int]
    partial: bool = False

    def shows(self, class_id: int, min_pixels: int = 0, min_share: float = 0.0) -> bool:
        """Whether the class covers at least so many pixels and so large a share of the image."""
        found = self.pixels.get(class_id, 0)
        return found > 0 and found >= min_pixels and found >= min_share * self.width * self.height

    def lacks(self, class_id: int) -> bool:
        """Whether the image is known not to show the class."""
        return not self.partial and class_id not in self.pixels


class DataSet(ABC):
    """Items by name and class names by id (0 is background, 255 means "not labelled")."""

    name: str
    classes: Mapping[int, str]
    items: Mapping[str, Item]

    def image(self, name: str) -> np.ndarray:
        """RGB [H,W,3] uint8, turned by its EXIF orientation only if the mask was made that way."""
        item = self.items[name]
        with Image.open(item.image) as image:
            return fit_image(image, item)

    @abstractmethod
    def mask(self, name: str) -> np.ndarray:
        """Class ids [H,W] uint8 of the same size as the image; 255 where unknown."""


def fit_image(image: Image.Image, item: Item) -> np.ndarray:
    """The image as RGB [H,W,3] in the orientation of its mask. Raises ValueError when no orientation fits."""
    size = (item.width, item.height)
    turned = image if image.size == size else ImageOps.exif_transpose(image)
    if turned.size != size:
        raise ValueError(f"{item.image} is {image.width}x{image.height} px, its mask {item.width}x{item.height}")
    return np.asarray(turned.convert("RGB"))


def pixel_counts(mask: np.ndarray) -> dict[int, int]:
    """Pixels by class id, background and 255 left out."""
    found = np.bincount(mask.ravel(), minlength=256)
    return {int(i): int(found[i]) for i in np.flatnonzero(found) if i not in (0, IGNORE)}


@dataclass(frozen=True)
class Indexed:
    """Size and pixel counts of one mask."""

    width: int
    height: int
    pixels: dict[int, int]


class _Entry(TypedDict):
    stamp: str
    w: int
    h: int
    px: dict[str, int]


def index_masks(
    names: Iterable[str],
    read: Callable[[str], np.ndarray],
    stamp: Callable[[str], str],
    cache: Path | None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Indexed]:
    """Reads every mask once for its counts, or takes them from `cache` where the stamp is unchanged, and writes that.

    `stamp` tells versions of a mask apart (size and time of its file, say). `progress` hears how many were read.
    """
    known: dict[str, _Entry] = {}
    if cache is not None and cache.exists():
        found = json.loads(cache.read_text())
        if found.get("version") == INDEX_VERSION:
            known = found["items"]
    items: dict[str, _Entry] = {}
    read_count = 0
    for name in names:
        wanted = stamp(name)
        entry = known.get(name)
        if entry is None or entry["stamp"] != wanted:
            mask = read(name)
            counts = {str(i): count for i, count in pixel_counts(mask).items()}
            entry = {"stamp": wanted, "w": mask.shape[1], "h": mask.shape[0], "px": counts}
            read_count += 1
            if progress is not None:
                progress(read_count)
        items[name] = entry
    if cache is not None and read_count:
        cache.parent.mkdir(parents=True, exist_ok=True)
        part = cache.with_name(cache.name + ".part")
        part.write_text(json.dumps({"version": INDEX_VERSION, "items": items}, separators=(",", ":")))
        part.replace(cache)
    return {name: Indexed(e["w"], e["h"], {int(i): count for i, count in e["px"].items()}) for name, e in items.items()}


def file_stamp(path: Path) -> str:
    """Tells versions of a file apart by size and time of change."""
    found = path.stat()
    return f"{found.st_size}-{found.st_mtime_ns}"


def indexed_mask(path: Path) -> np.ndarray:
    """Class ids of a grey or palette PNG. Raises ValueError for colour images, whose colours are no ids."""
    with Image.open(path) as image:
        if image.mode not in ("L", "P", "1"):
            raise ValueError(f"{path} holds colours ({image.mode}), not class ids: one 8-bit id a pixel is needed")
        return np.asarray(image if image.mode != "1" else image.convert("L")).astype(np.uint8)
