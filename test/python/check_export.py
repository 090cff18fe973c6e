"""Reads an exported COCO file with pycocotools and compares every mask with the one it was made from.

Usage: check_export.py CASES.json. Prints one JSON object: how many masks are identical, every difference,
and the average precision of the file's masks evaluated against themselves (1 when ids and areas are sound).

CASES.json holds {instances: path, masks: [{image, category, width, height, pixels}]} with the masks in the
order of the project; pixels are base64, row-major 0/1.
"""

import base64
import contextlib
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    with contextlib.redirect_stdout(sys.stderr):
        report = compare(COCO(cases["instances"]), cases["masks"])
    json.dump(report, sys.stdout)


def compare(coco: COCO, expected: list[dict]) -> dict:
    annotations = [coco.anns[key] for key in sorted(coco.anns)]
    differences = []
    identical = 0
    if len(annotations) != len(expected):
        differences.append(f"{len(annotations)} annotations instead of {len(expected)}")
    for annotation, case in zip(annotations, expected):
        image = coco.imgs[annotation["image_id"]]
        name = f"annotation {annotation['id']} of {image['file_name']}"
        pixels = np.frombuffer(base64.b64decode(case["pixels"]), dtype=np.uint8)
        pixels = pixels.reshape(case["height"], case["width"])
        category = coco.cats[annotation["category_id"]]["name"]
        if (image["file_name"], category) != (case["image"], case["category"]):
            differences.append(f"{name} ({category}) should be of {case['image']} ({case['category']})")
            continue
        mask = coco.annToMask(annotation)
        wrong = int((mask != pixels).sum()) if mask.shape == pixels.shape else mask.size
        rows, columns = np.nonzero(pixels)
        edges = [int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1]
        if wrong:
            differences.append(f"{name}: {wrong} pixels differ")
        elif annotation["area"] != int(pixels.sum()) or annotation["bbox"] != edges:
            differences.append(f"{name}: area or bbox is wrong")
        else:
            identical += 1
    return {
        "annotations": len(annotations),
        "identical": identical,
        "differences": differences,
        "ap": self_precision(coco),
    }


def self_precision(coco: COCO) -> float:
    """Average precision of the ground truth taken as its own detections: an id 0 or a crowd flag lowers it."""
    results = [
        {
            "image_id": annotation["image_id"],
            "category_id": annotation["category_id"],
            "segmentation": coco.annToRLE(annotation),
            "score": 1.0,
        }
        for annotation in coco.anns.values()
    ]
    evaluation = COCOeval(coco, coco.loadRes(results), "segm")
    evaluation.params.maxDets = [1, 10, max(100, len(results))]
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return float(precision[precision > -1].mean())


main()
