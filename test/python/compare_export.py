"""Compares a COCO file, as pycocotools reads it, with the masks that the project holds, pixel by pixel.

Usage: compare_export.py instances.json stored.json
Prints one JSON object: how many annotations there are, how many are identical, and what differs.
"""

import base64
import contextlib
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO


def main() -> None:
    coco_file, stored_file = sys.argv[1:]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(coco_file)
    with open(stored_file, encoding="utf-8") as file:
        stored = json.load(file)

    remaining: dict[tuple[str, str], list[np.ndarray]] = {}
    for mask in stored:
        pixels = np.frombuffer(base64.b64decode(mask["pixels"]), dtype=np.uint8)
        shaped = pixels.reshape(mask["height"], mask["width"])
        remaining.setdefault((mask["fileName"], mask["className"]), []).append(shaped)

    differences: list[str] = []
    identical = 0
    for annotation in coco.anns.values():
        name = coco.imgs[annotation["image_id"]]["file_name"]
        class_name = coco.cats[annotation["category_id"]]["name"]
        decoded = coco.annToMask(annotation)
        candidates = remaining.get((name, class_name), [])
        match = next((i for i, each in enumerate(candidates) if np.array_equal(each, decoded)), None)
        if match is None:
            differences.append(f"annotation {annotation['id']} ({class_name} in {name}) equals no stored mask")
            continue
        candidates.pop(match)
        identical += 1
        if int(annotation["area"]) != int(decoded.sum()):
            differences.append(f"annotation {annotation['id']} has area {annotation['area']}, mask {decoded.sum()}")
    for (name, class_name), left in remaining.items():
        differences.extend(f"a {class_name} in {name} was not exported" for _ in left)
    print(json.dumps({"annotations": len(coco.anns), "identical": identical, "differences": differences}))


main()
