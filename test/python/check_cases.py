"""Checks our masks, polygons, run lengths and overlaps against pycocotools.

Usage: check_cases.py CASES.ndjson. Prints one JSON object: how many cases were checked and every difference found.

Each line holds {name, width, height, pixels (base64, row-major 0/1), lists, iou, texture, outline}:
  texture: {text, area, bounds, counts, polygons}   what our code makes of the pixels
  outline: {text, area, bounds}   what our code makes of the polygons in `lists`
  iou: of the two masks
"""

import base64
import json
import sys
from collections.abc import Iterator

import numpy as np
from pycocotools import mask as coco


def compare(name: str, reading: str, rle: dict, ours: dict) -> Iterator[str]:
    """All that pycocotools says of a mask beside all that we say of it."""
    if rle["counts"] != ours["text"].encode("ascii"):
        yield f"{name}: the compressed counts of {reading} are {rle['counts']}, ours {ours['text']}"
    if int(coco.area(rle)) != ours["area"]:
        yield f"{name}: the area of {reading} is {int(coco.area(rle))}, ours {ours['area']}"
    bounds = [int(value) for value in coco.toBbox(rle)]
    if bounds != ours["bounds"]:
        yield f"{name}: the box of {reading} is {bounds}, ours {ours['bounds']}"


def check(case: dict) -> Iterator[str]:
    name, width, height = case["name"], case["width"], case["height"]
    texture, outline = case["texture"], case["outline"]
    size = [height, width]
    pixels = np.frombuffer(base64.b64decode(case["pixels"]), dtype=np.uint8).reshape(height, width)
    encoded = coco.encode(np.asfortranarray(pixels))
    yield from compare(name, "pixels", encoded, texture)
    counted = coco.frPyObjects({"size": size, "counts": texture["counts"]}, height, width)
    yield from compare(name, "counts", counted, texture)
    decoded = {
        "text": coco.decode({"size": size, "counts": texture["text"].encode("ascii")}),
        "counts": coco.decode(counted),
        "polygons": np.zeros_like(pixels),
    }
    if texture["polygons"]:
        decoded["polygons"] = coco.decode(coco.merge(coco.frPyObjects(texture["polygons"], height, width)))
    for form, mask in decoded.items():
        if not np.array_equal(mask, pixels):
            yield f"{name}: {int((mask != pixels).sum())} pixels differ when read from our {form}"

    rasterised = coco.merge(coco.frPyObjects(case["lists"], height, width))
    yield from compare(name, "lists", rasterised, outline)
    ours = coco.decode({"size": size, "counts": outline["text"].encode("ascii")})
    wrong = int((coco.decode(rasterised) != ours).sum())
    if wrong:
        yield f"{name}: {wrong} pixels differ, {case['lists']}"
    iou = float(coco.iou([encoded], [rasterised], [0])[0, 0])
    if iou != case["iou"]:
        yield f"{name}: the IoU is {iou}, ours {case['iou']}"


def main() -> None:
    cases = 0
    differences: list[str] = []
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            cases += 1
            differences.extend(check(json.loads(line)))
    json.dump({"cases": cases, "count": len(differences), "differences": differences[:20]}, sys.stdout)


main()
