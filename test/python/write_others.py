"""Writes COCO files as other programs write them, with what pycocotools decodes from each.

Usage: write_others.py FOLDER. Prints a JSON array, one entry a file:
  {writer, path, objects: [{id, image, category, crowd, text}], boxes: [{id, image, category, box}], unused: [category]}
text: the mask as compressed counts, decoded from that very file by pycocotools; "" where it covers no pixel.

pycocotools, Datumaro and supervision write their files themselves. Those of Label Studio, Roboflow and CVAT follow the
rules of their exports, field by field.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import supervision
from datumaro.components.annotation import Bbox, Mask, Polygon
from datumaro.components.dataset import Dataset
from datumaro.components.dataset_base import DatasetItem
from datumaro.components.media import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

CLASSES = ["bolt", "nut"]
Sizes = list[tuple[int, int]]
SIZES: Sizes = [(37, 53), (64, 48), (1, 19), (90, 71), (40, 40), (23, 8)]


def textures(random: np.random.Generator, height: int, width: int) -> Iterator[np.ndarray]:
    """Noise, blobs with holes and islands, a frame, a line and corner pixels."""
    yield random.random((height, width)) < random.uniform(0.1, 0.9)
    smooth = cv2.GaussianBlur(random.random((height, width)), (0, 0), 2.0)
    yield smooth > np.median(smooth)
    frame = np.zeros((height, width), dtype=bool)
    frame[[0, -1], :] = frame[:, [0, -1]] = True
    yield frame
    line = np.zeros((height, width), dtype=bool)
    line[int(random.integers(height)), :] = True
    yield line
    corners = np.zeros((height, width), dtype=bool)
    corners[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    yield corners


def outline(random: np.random.Generator, height: int, width: int, digits: int, overhang: float = 0.0) -> list[float]:
    """A star around a point of the image, cut off at the border unless it may hang over."""
    angles = np.sort(random.uniform(0, 2 * np.pi, int(random.integers(3, 14))))
    reach = random.uniform(0.15, 0.6, len(angles))
    xs = random.uniform(0, width) + np.cos(angles) * reach * width
    ys = random.uniform(0, height) + np.sin(angles) * reach * height
    xs = np.clip(xs, -overhang * width, (1 + overhang) * width)
    ys = np.clip(ys, -overhang * height, (1 + overhang) * height)
    return [round(float(value), digits) for point in zip(xs, ys) for value in point]


def box_of(points: list[float]) -> list[float]:
    xs, ys = points[0::2], points[1::2]
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def shoelace(points: list[float]) -> float:
    xs, ys = np.array(points[0::2]), np.array(points[1::2])
    return abs(float(np.dot(xs, np.roll(ys, 1)) - np.dot(ys, np.roll(xs, 1)))) / 2


def keyhole(width: int, height: int) -> list[int]:
    """A frame as one ring: outside, down a vertical bridge, round the hole and back the same way."""
    left, top, right, bottom = 1, 1, width - 1, height - 1
    a, b, c, d = 3, 3, width - 3, height - 4
    hole = [a, b, a, d, c, d, c, b, a, b]
    return [left, top, a, top, *hole, a, top, right, top, right, bottom, left, bottom]


def polygon_entry(points: list[float]) -> dict:
    return {"segmentation": [points], "bbox": box_of(points), "area": shoelace(points)}


def uncompressed(mask: np.ndarray) -> dict:
    """Run lengths down the columns, zeros first, as their list."""
    flat = mask.flatten(order="F").astype(np.int8)
    changes = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *changes, len(flat)]).tolist()
    return {"size": [int(side) for side in mask.shape], "counts": [0, *counts] if flat[0] else counts}


def compressed(mask: np.ndarray) -> dict:
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode("ascii")}


def measured(mask: np.ndarray) -> dict:
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"bbox": [float(side) for side in coco_mask.toBbox(rle)], "area": int(coco_mask.area(rle))}


def instances(images: list[dict], annotations: list[dict], categories: list[dict], **more) -> dict:
    return {**more, "categories": categories, "images": images, "annotations": annotations}


def categories_from(first: int, **more) -> list[dict]:
    return [{"id": first + index, "name": name, **more} for index, name in enumerate(CLASSES)]


def number(annotations: list[dict], first: int) -> list[dict]:
    return [{"id": first + index, **annotation} for index, annotation in enumerate(annotations)]


def by_pycocotools(encode: Callable[[np.ndarray], dict], random: np.random.Generator, first: int = 0) -> dict:
    """Masks encoded by pycocotools, ids from `first`, boxes as floats, `iscrowd` as the habit is for run lengths."""
    images = [{"id": first + at, "file_name": f"{at}.png", "height": h, "width": w} for at, (h, w) in enumerate(SIZES)]
    annotations = [
        {"image_id": first + at, "category_id": first + index % 2, "segmentation": encode(mask), "iscrowd": index % 2}
        | measured(mask)
        for at, (height, width) in enumerate(SIZES)
        for index, mask in enumerate(textures(random, height, width))
    ]
    return instances(images, number(annotations, first), categories_from(first))


def by_label_studio(random: np.random.Generator) -> dict:
    """Ids from 0, outlines from percentages with every digit, `ignore`, no supercategory, boxes without outline."""
    images = [
        {"width": w, "height": h, "id": at, "file_name": f"images/3fa9c1{at}d-part {at}.jpg"}
        for at, (h, w) in enumerate(SIZES)
    ]
    annotations = []
    for at, (height, width) in enumerate(SIZES):
        for index in range(6):
            points = outline(random, height, width, 15)
            entry = polygon_entry(points) | {"image_id": at, "category_id": index % 2, "ignore": 0, "iscrowd": 0}
            annotations.append(entry | ({"segmentation": []} if index == 5 else {}))
    info = {"year": 2026, "version": "1.0", "description": "", "contributor": "Label Studio", "url": ""}
    return instances(images, number(annotations, 0), categories_from(0), info=info)


def by_roboflow(random: np.random.Generator) -> dict:
    """Category 0 names the project and has no annotations; ids from 0; closed outlines; boxes without outline."""
    images = [
        {
            "id": at,
            "license": 1,
            "file_name": f"part_{at}_jpg.rf.0123456789abcdef.jpg",
            "height": h,
            "width": w,
            "date_captured": "2026-01-01T00:00:00+00:00",
            "extra": {"name": f"part {at}.jpg"},
        }
        for at, (h, w) in enumerate(SIZES)
    ]
    annotations = []
    for at, (height, width) in enumerate(SIZES):
        for index in range(6):
            points = outline(random, height, width, 3)
            points += points[:2]
            entry = polygon_entry(points) | {"image_id": at, "category_id": 1 + index % 2, "iscrowd": 0}
            annotations.append(entry | ({"segmentation": []} if index == 5 else {}))
    categories = [{"id": 0, "name": "parts", "supercategory": "none"}, *categories_from(1, supercategory="parts")]
    licenses = [{"id": 1, "url": "https://creativecommons.org/licenses/by/4.0/", "name": "CC BY 4.0"}]
    return instances(images, number(annotations, 0), categories, licenses=licenses)


def by_cvat(random: np.random.Generator) -> dict:
    """Polygons with two digits and `iscrowd` 0, masks as lists of counts and 1, attributes, sub-folders, license 0."""
    images = [
        {
            "id": at + 1,
            "width": w,
            "height": h,
            "file_name": f"line {at % 2}/part.{at}.jpg",
            "license": 0,
            "flickr_url": "",
            "coco_url": "",
            "date_captured": 0,
        }
        for at, (h, w) in enumerate(SIZES)
    ]
    annotations = []
    for at, (height, width) in enumerate(SIZES):
        for index, mask in enumerate(textures(random, height, width)):
            shared = {"image_id": at + 1, "category_id": 1 + index % 2, "attributes": {"occluded": False}}
            annotations.append(shared | {"segmentation": uncompressed(mask), "iscrowd": 1} | measured(mask))
            # A group of polygons is one object of several lists.
            lists = [outline(random, height, width, 2) for _ in range(1 + index % 3)]
            whole = {"bbox": box_of(sum(lists, [])), "area": float(sum(map(shoelace, lists)))}
            annotations.append(shared | {"segmentation": lists, "iscrowd": 0} | whole)
    info = {"contributor": "", "date_created": "", "description": "", "url": "", "version": "", "year": ""}
    licenses = [{"name": "", "id": 0, "url": ""}]
    return instances(images, number(annotations, 1), categories_from(1, supercategory=""), info=info, licenses=licenses)


def by_hand(random: np.random.Generator) -> dict:
    """Ids as text, `iscrowd` in every form or none, missing fields, key-holes, several lists, overhanging outlines."""
    images = [
        {"id": f"img-{at}", "file_name": f".\\cam {at}\\shot.png" if at == 0 else f"{at}.png", "height": h, "width": w}
        for at, (h, w) in enumerate(SIZES)
    ]
    crowds: list[dict] = [{"iscrowd": value} for value in (0, 1, True, False, None)] + [{}]
    annotations = []
    for at, (height, width) in enumerate(SIZES):
        segmentations: list = [[outline(random, height, width, 3, overhang=0.8)] for _ in range(6)]
        segmentations.append([outline(random, height, width, 0), outline(random, height, width, 6)])
        segmentations += [encode(mask) for encode in (compressed, uncompressed) for mask in textures(random, height, width)]
        if width > 8 and height > 8:
            segmentations.append([keyhole(width, height)])
            segmentations.append([[0, 0, width, 0, width, height, 0, height]])
        for index, segmentation in enumerate(segmentations):
            key = f"{at}/{index}"
            annotation = {"id": key, "image_id": f"img-{at}", "category_id": f"c{index % 2}", "segmentation": segmentation}
            annotations.append(annotation | crowds[index % len(crowds)])
    categories = [{"id": f"c{index}", "name": name, "supercategory": None} for index, name in enumerate(CLASSES)]
    return instances(images, annotations, [*categories, {"id": "c9", "name": "never used"}])


def by_datumaro(mode: str, folder: str, random: np.random.Generator) -> str:
    """Masks, polygons of one group and boxes as Datumaro holds them, written by its own exporter."""
    items = []
    for at, (height, width) in enumerate(SIZES):
        annotations: list = []
        for index, mask in enumerate(textures(random, height, width)):
            annotations.append(Mask(mask, label=index % 2, id=len(annotations) + 1, group=len(annotations) + 1))
        for _ in range(3):
            group = len(annotations) + 1
            for _ in range(2):
                points = outline(random, height, width, 2)
                annotations.append(Polygon(points, label=0, id=group, group=group))
        group = len(annotations) + 1
        annotations.append(Bbox(0.5, 0.25, max(1, width / 2), height / 2, label=1, id=group, group=group))
        media = Image.from_numpy(np.zeros((height, width, 3), dtype=np.uint8), ext=".png")
        items.append(DatasetItem(id=f"sub/{at}", subset="default", media=media, annotations=annotations))
    dataset = Dataset.from_iterable(items, categories=CLASSES)
    dataset.export(folder, "coco_instances", save_media=False, segmentation_mode=mode, reindex=True)
    return os.path.join(folder, "annotations", "instances_default.json")


def by_supervision(folder: str, random: np.random.Generator) -> str:
    """Masks as detections, written by supervision: outlines where a mask is one piece, counts where it is not."""
    os.makedirs(folder)
    annotations = {}
    for at, (height, width) in enumerate(SIZES):
        path = os.path.join(folder, f"{at}.png")
        cv2.imwrite(path, np.zeros((height, width, 3), dtype=np.uint8))
        masks = [np.ones((height, width), dtype=bool), *textures(random, height, width)]
        boxes = [measured(mask)["bbox"] for mask in masks]
        annotations[path] = supervision.Detections(
            xyxy=np.array([[x, y, x + w, y + h] for x, y, w, h in boxes]),
            mask=np.array(masks),
            class_id=np.arange(len(masks)) % 2,
        )
    dataset = supervision.DetectionDataset(CLASSES, list(annotations), annotations)
    path = os.path.join(folder, "instances.json")
    dataset.as_coco(annotations_path=path)
    return path


def describe(writer: str, path: str) -> dict:
    coco = COCO(path)
    objects, boxes = [], []
    for annotation in coco.anns.values():
        entry = {
            "id": str(annotation["id"]),
            "image": coco.imgs[annotation["image_id"]]["file_name"],
            "category": coco.cats[annotation["category_id"]]["name"],
        }
        if not annotation["segmentation"]:
            boxes.append(entry | {"box": annotation["bbox"]})
            continue
        # Decoded and encoded again: the same mask has one text.
        mask = coco_mask.decode(coco.annToRLE(annotation))
        text = coco_mask.encode(np.asfortranarray(mask))["counts"].decode("ascii") if mask.any() else ""
        objects.append(entry | {"text": text, "crowd": bool(annotation.get("iscrowd"))})
    used = {annotation["category_id"] for annotation in coco.anns.values()}
    unused = [category["name"] for key, category in coco.cats.items() if key not in used]
    return {"writer": writer, "path": path, "objects": objects, "boxes": boxes, "unused": unused}


def main() -> None:
    folder = sys.argv[1]
    random = np.random.default_rng(6)
    contents = {
        "pycocotools, compressed counts": by_pycocotools(compressed, random),
        "pycocotools, counts as a list": by_pycocotools(uncompressed, random),
        # Ids made of hashes or clocks: neighbours that are one number in floating point.
        "pycocotools, ids of 64 bits": by_pycocotools(compressed, random, first=2**60),
        "Label Studio, by rule": by_label_studio(random),
        "Roboflow, by rule": by_roboflow(random),
        "CVAT, by rule": by_cvat(random),
        "text ids and missing fields": by_hand(random),
    }
    with contextlib.redirect_stdout(sys.stderr):
        files = {}
        for index, (writer, content) in enumerate(contents.items()):
            files[writer] = os.path.join(folder, f"{index}.json")
            with open(files[writer], "w", encoding="utf-8") as file:
                # Label Studio escapes slashes.
                text = json.dumps(content)
                file.write(text.replace("/", "\\/") if writer.startswith("Label Studio") else text)
        for mode in ("guess", "polygons", "mask"):
            files[f"Datumaro, {mode}"] = by_datumaro(mode, os.path.join(folder, f"datumaro {mode}"), random)
        files["supervision"] = by_supervision(os.path.join(folder, "supervision"), random)
        descriptions = [describe(writer, path) for writer, path in files.items()]
    json.dump(descriptions, sys.stdout)


if __name__ == "__main__":
    main()
