"""The zoomed view of an example: the piece of its photo that is looked at a second time, enlarged.

As src/main/engine/zoom.ts, integer by integer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SURROUNDINGS = 2
"""How much longer than the outline's longer side the region is."""
SMALLEST_SIDE = 96
"""Smaller pieces of a photo, in px, hold nothing that enlarging would show."""


class Region(NamedTuple):
    """A box in px of the displayed photo."""

    left: int
    top: int
    width: int
    height: int

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        return self.left, self.top, self.left + self.width, self.top + self.height

    def cut(self, pixels: np.ndarray) -> np.ndarray:
        """Its part of [H,W,...]."""
        return pixels[self.top : self.top + self.height, self.left : self.left + self.width]


def bounds(mask: np.ndarray) -> Region | None:
    """Tight box round the set pixels of [H,W]; None where there are none."""
    columns, rows = mask.any(0).nonzero()[0], mask.any(1).nonzero()[0]
    if len(rows) == 0:
        return None
    left, top = int(columns[0]), int(rows[0])
    return Region(left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)


def zoom_region(outline: Region, width: int, height: int) -> Region | None:
    """A square round the outline's middle, cut and moved to lie inside the photo [height,width]; holds the outline.

    None where it would be over 70 % of the photo, which says what the whole view says.
    """
    side = max(SURROUNDINGS * max(outline.width, outline.height), SMALLEST_SIDE)
    w, h = min(side, width), min(side, height)
    if 10 * w * h > 7 * width * height:
        return None

    def placed(middle: int, length: int, whole: int) -> int:
        return min(max((middle - length) // 2, 0), whole - length)

    return Region(
        placed(2 * outline.left + outline.width, w, width), placed(2 * outline.top + outline.height, h, height), w, h
    )
