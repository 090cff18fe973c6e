"""The zoomed view of an example."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from exemplar_models.light.evaluate import is_outlined
from exemplar_models.light.zoom import Region, bounds, zoom_region

CASES = json.loads((Path(__file__).parent / "zoom_regions.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_region_is_the_one_that_the_studio_takes(case: dict[str, list[int] | None]) -> None:
    assert case["image"] is not None and case["outline"] is not None
    expected = None if case["region"] is None else Region(*case["region"])
    assert zoom_region(Region(*case["outline"]), *case["image"]) == expected


def test_a_region_lies_inside_the_photo_and_holds_the_outline() -> None:
    rng = np.random.default_rng(0)
    zoomed = 0
    for _ in range(2000):
        width, height = (int(n) for n in rng.integers(1, 3000, 2))
        (x0, x1), (y0, y1) = (sorted(rng.integers(0, n, 2)) for n in (width, height))
        outline = Region(int(x0), int(y0), int(x1 - x0) + 1, int(y1 - y0) + 1)
        region = zoom_region(outline, width, height)
        if region is None:
            continue
        zoomed += 1
        assert 0 <= region.left <= outline.left
        assert 0 <= region.top <= outline.top
        assert outline.left + outline.width <= region.left + region.width <= width
        assert outline.top + outline.height <= region.top + region.height <= height
        assert region.width * region.height <= 0.7 * width * height + 1e-6
    assert zoomed > 200


def test_bounds_are_tight_and_cutting_keeps_what_they_hold() -> None:
    mask = np.zeros((60, 80), bool)
    assert bounds(mask) is None
    mask[10:20, 30:35] = True
    mask[50, 70] = True
    box = bounds(mask)
    assert box == Region(30, 10, 41, 41)
    assert box.cut(mask).sum() == mask.sum()


def test_an_outline_counts_from_the_coverage_at_which_the_studio_counts_it() -> None:
    """0.02 in single precision is a little less than 0.02, which is what JavaScript compares it with."""
    assert not is_outlined(np.asarray([[0, 0.02]], np.float32))
    assert is_outlined(np.asarray([[0, 0.0201]], np.float32))
