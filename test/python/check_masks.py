"""Checks masks, polygons and run lengths written by our code against pycocotools.

Usage: check_masks.py CASES.json. Prints one JSON object: what was checked and every difference found.

CASES.json holds
  masks: [{name, width, height, pixels (base64, row-major 0/1), polygons, counts, text, area, bounds}]
  polygons: [{name, width, height, polygons, text}]   text: our rasterisation as compressed counts
"""

import base64
import json
import sys

import numpy as np
from pycocotools import mask as coco


def check_mask(case: dict) -> list[str]:
    width, height = case["width"], case["height"]
    pixels = np.frombuffer(base64.b64decode(case["pixels"]), dtype=np.uint8).reshape(height, width)
    encoded = coco.encode(np.asfortranarray(pixels))
    readings = {
        "text": {"size": [height, width], "counts": case["text"].encode("ascii")},
        "counts": coco.frPyObjects({"size": [height, width], "counts": case["counts"]}, height, width),
    }
    if case["polygons"]:
        readings["polygons"] = coco.merge(coco.frPyObjects(case["polygons"], height, width))
    elif pixels.any():
        return [f"{case['name']}: no polygons for a mask that is not empty"]
    problems = []
    if encoded["counts"] != case["text"].encode("ascii"):
        problems.append(f"{case['name']}: our compressed counts differ from those of pycocotools")
    for form, rle in readings.items():
        wrong = int((coco.decode(rle) != pixels).sum())
        if wrong:
            problems.append(f"{case['name']}: {wrong} pixels differ when read from {form}")
        if int(coco.area(rle)) != case["area"]:
            problems.append(f"{case['name']}: area from {form} is {int(coco.area(rle))}, ours {case['area']}")
        bounds = [int(value) for value in coco.toBbox(rle)]
        if bounds != case["bounds"]:
            problems.append(f"{case['name']}: box from {form} is {bounds}, ours {case['bounds']}")
    return problems


def check_polygons(case: dict) -> list[str]:
    width, height = case["width"], case["height"]
    theirs = coco.decode(coco.merge(coco.frPyObjects(case["polygons"], height, width)))
    ours = coco.decode({"size": [height, width], "counts": case["text"].encode("ascii")})
    wrong = int((theirs != ours).sum())
    return [f"{case['name']}: {wrong} pixels differ, {case['polygons']}"] if wrong else []


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    differences = [problem for case in cases["masks"] for problem in check_mask(case)]
    differences += [problem for case in cases["polygons"] for problem in check_polygons(case)]
    report = {"masks": len(cases["masks"]), "polygons": len(cases["polygons"]), "differences": differences}
    json.dump(report, sys.stdout)


main()
