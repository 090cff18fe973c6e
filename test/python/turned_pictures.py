"""Pictures that a camera turned, and what a reader sees of them.

Usage: turned_pictures.py CASE.json, where CASE.json says what to do.

{command: "make", folder, width, height, pixels} writes one shape into pictures of every EXIF orientation and format.
`pixels` are the displayed shape, base64, row-major 0/1. Prints the names.

{command: "check", instances, pictures, transpose} reads an exported instances file with pycocotools and its pictures with Pillow, and
compares every mask with the bright pixels of its picture. `transpose` says whether the reader applies the orientation, as it
may or may not. Prints the names of pictures whose size or mask is right.
"""

import base64
import contextlib
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from pycocotools.coco import COCO

ORIENTATION_TAG = 0x0112
# What a file must hold so that a reader which applies the orientation sees the picture.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
SAVE_OPTIONS = {
    "jpg": {"quality": 95, "subsampling": 0},
    "png": {},
    "tif": {},
    "webp": {"lossless": True},
}


def main() -> None:
    (case_path,) = sys.argv[1:]
    case = json.loads(Path(case_path).read_text(encoding="utf-8"))
    with contextlib.redirect_stdout(sys.stderr):
        names = make(case) if case["command"] == "make" else check(case)
    json.dump(names, sys.stdout)


def make(case: dict) -> list[str]:
    shape = np.frombuffer(base64.b64decode(case["pixels"]), dtype=np.uint8)
    shape = shape.reshape(case["height"], case["width"])
    displayed = Image.fromarray(np.repeat((shape * 215 + 20)[:, :, None], 3, axis=2).astype(np.uint8))
    names = []
    for orientation in range(1, 9):
        stored = displayed.transpose(STORED[orientation]) if orientation > 1 else displayed
        exif = Image.Exif()
        exif[ORIENTATION_TAG] = orientation
        for ending, options in SAVE_OPTIONS.items():
            name = f"turned-{orientation}.{ending}"
            stored.save(Path(case["folder"]) / name, exif=exif, **options)
            names.append(name)
    return names


def check(case: dict) -> list[str]:
    coco = COCO(case["instances"])
    right = []
    for image in coco.imgs.values():
        with Image.open(Path(case["pictures"]) / image["file_name"]) as picture:
            seen = ImageOps.exif_transpose(picture) if case["transpose"] else picture
            bright = np.asarray(seen.convert("L")) > 127
        (annotation,) = coco.imgToAnns[image["id"]]
        mask = coco.annToMask(annotation).astype(bool)
        rows, columns = np.nonzero(bright)
        box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        size = (image["height"], image["width"])
        if size == bright.shape and np.array_equal(mask, bright) and annotation["bbox"] == [int(each) for each in box]:
            right.append(image["file_name"])
    return sorted(right)


main()
