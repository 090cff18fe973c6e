"""Writes a Pascal VOC data set with Datumaro. Usage: write_voc.py CASES.json; prints whether it could.

CASES.json holds
  folder: where to, colours: whether pictures hold colours instead of numbers
  images: [{stem, width, height, masks: [{name, pixels (base64, row-major 0/1)}], boxes: [{name, box}]}]
"""

import base64
import json
import sys

import numpy as np


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    try:
        from datumaro import Bbox, Dataset, DatasetItem, Image, Mask
    except ImportError:
        json.dump({"isInstalled": False}, sys.stdout)
        return
    names = ["background", *dict.fromkeys(each["name"] for image in cases["images"] for each in image["masks"] + image["boxes"])]
    items = []
    for image in cases["images"]:
        shape = image["height"], image["width"]
        annotations = [
            Mask(
                np.frombuffer(base64.b64decode(mask["pixels"]), dtype=np.uint8).reshape(shape),
                label=names.index(mask["name"]),
                group=number,
            )
            for number, mask in enumerate(image["masks"], 1)
        ]
        first_box = len(annotations) + 1
        annotations += [
            Bbox(*each["box"], label=names.index(each["name"]), group=number)
            for number, each in enumerate(image["boxes"], first_box)
        ]
        media = Image.from_numpy(np.zeros((*shape, 3), dtype=np.uint8))
        items.append(DatasetItem(image["stem"], subset="default", media=media, annotations=annotations))
    data = Dataset.from_iterable(items, categories=names)
    data.export(cases["folder"], "voc", save_media=True, label_map="source", apply_colormap=cases["colours"])
    json.dump({"isInstalled": True}, sys.stdout)


main()
