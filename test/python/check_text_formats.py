"""Reads exported YOLO and CVAT files as their programs define them, labelme files by labelme, and compares every mask.

Usage: check_text_formats.py CASES.json. Prints one JSON object: masks and identical masks by format, and every
difference.

CASES.json holds {yolo, labelme, cvat: folders, images: [{name, width, height, masks: [{label, pixels}]}]} with the masks
in the order of the project; pixels are base64, row-major 0/1.

- YOLO: one ring a line, multiplied by the size of the image and rasterised by pycocotools; the rings of an object of
  several parts follow each other, so lines are taken until their union is the mask.
- labelme: by labelme itself.
- CVAT: run lengths along the rows of the mask's box, zeros first.
"""

import base64
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path, PurePosixPath

import labelme_program
import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask


def main() -> None:
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    report = {}
    differences: list[str] = []
    for name, reader in (("yolo", yolo), ("labelme", labelme), ("cvat", cvat)):
        identical = 0
        read = reader(Path(cases[name]), cases["images"])
        total = 0
        for image in cases["images"]:
            found = read[image["name"]]
            total += len(image["masks"])
            for index, case in enumerate(image["masks"]):
                expected = np.frombuffer(base64.b64decode(case["pixels"]), dtype=np.uint8)
                expected = expected.reshape(image["height"], image["width"]).astype(bool)
                label, mask = take(found, expected, name == "yolo")
                if label == case["label"] and mask is not None and np.array_equal(mask, expected):
                    identical += 1
                else:
                    differences.append(f"{name}: mask {index} of {image['name']}")
            if found:
                differences.append(f"{name}: {len(found)} masks too many in {image['name']}")
        report[name] = {"masks": total, "identical": identical}
    json.dump({**report, "differences": differences}, sys.stdout)


def take(found: list, expected: np.ndarray, joins: bool) -> tuple:
    """The next mask; where an object may be several lines, as many of its class as its pixels need."""
    if not found:
        return None, None
    label, mask = found.pop(0)
    while joins and mask.sum() < expected.sum() and found and found[0][0] == label:
        mask = mask | found.pop(0)[1]
    return label, mask


def yolo(folder: Path, images: list[dict]) -> dict[str, list]:
    names = []
    for line in (folder / "data.yaml").read_text(encoding="utf-8").splitlines():
        number, colon, text = line.strip().partition(": ")
        if colon and number.isdigit():
            assert int(number) == len(names)
            names.append(json.loads(text))
    listed = (folder / "train.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert listed == [f"./images/train/{image['name']}" for image in images]
    read = {}
    for image in images:
        width, height = image["width"], image["height"]
        path = folder / "labels/train" / PurePosixPath(image["name"]).with_suffix(".txt")
        found = []
        for line in path.read_text(encoding="utf-8").splitlines():
            number, *shares = line.split()
            points = np.array(shares, dtype=np.float64).reshape(-1, 2)
            assert 0 <= points.min() and points.max() <= 1
            ring = (points * [width, height]).reshape(-1).tolist()
            found.append((names[int(number)], coco_mask.decode(coco_mask.frPyObjects([ring], height, width))[..., 0] > 0))
        read[image["name"]] = found
    return read


def labelme(folder: Path, images: list[dict]) -> dict[str, list]:
    read = {}
    for image in images:
        path = folder / PurePosixPath(image["name"]).with_suffix(".json")
        data = json.loads(path.read_text(encoding="utf-8"))
        assert data["imagePath"] == PurePosixPath(image["name"]).name and data["imageData"] is None
        # labelme opens no file without its picture, and compares the sizes.
        Image.new("L", (image["width"], image["height"])).save(path.parent / data["imagePath"])
        read[image["name"]] = labelme_program.masks_of(str(path), image["height"], image["width"])
    return read


def cvat(folder: Path, images: list[dict]) -> dict[str, list]:
    read = {}
    for element in ElementTree.parse(folder / "annotations.xml").getroot().iter("image"):
        height, width = int(element.get("height")), int(element.get("width"))
        found = []
        for shape in element.iter("mask"):
            left, top = int(shape.get("left")), int(shape.get("top"))
            w, h = int(shape.get("width")), int(shape.get("height"))
            runs = [int(run) for run in shape.get("rle").split(",")]
            values = np.arange(len(runs)) % 2 == 1
            mask = np.zeros((height, width), dtype=bool)
            mask[top : top + h, left : left + w] = np.repeat(values, runs).reshape(h, w)
            found.append((shape.get("label"), mask))
        read[element.get("name")] = found
    assert list(read) == [image["name"] for image in images]
    return read


main()
