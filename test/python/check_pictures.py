"""Reads an exported VOC data set and one with a PNG per object, with Pillow and numpy and, where it is installed, Datumaro.

Usage: check_pictures.py CASES.json. Prints one JSON object: what was compared and every difference found.

CASES.json holds
  voc, objects: folders
  images: [{name, stem, width, height, classes, numbers (base64, row-major class and object numbers as they must be),
            names (class of object 1, 2, …), masks: [{name, pixels (base64, row-major 0/1)}]}]
"""

import base64
import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image


def colour_map() -> np.ndarray:
    """The colour map of the VOC development kit, 256 x 3."""
    colours = np.zeros((256, 3), dtype=np.uint8)
    for index in range(256):
        rest = index
        for bit in range(7, -1, -1):
            colours[index] |= np.array([rest & 1, (rest >> 1) & 1, (rest >> 2) & 1], dtype=np.uint8) << bit
            rest >>= 3
    return colours


def pixels_of(text: str, image: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(image["height"], image["width"])


def check_picture(path: Path, wanted: np.ndarray, colours: np.ndarray) -> list[str]:
    picture = Image.open(path)
    if picture.mode != "P":
        return [f"{path}: mode {picture.mode} instead of P"]
    problems = []
    if not np.array_equal(np.array(picture), wanted):
        problems.append(f"{path}: indices differ")
    if not np.array_equal(np.array(picture.getpalette(), dtype=np.uint8).reshape(-1, 3), colours):
        problems.append(f"{path}: the palette is not that of VOC")
    if not np.array_equal(np.array(picture.convert("RGB")), colours[wanted]):
        problems.append(f"{path}: colours differ")
    return problems


def check_xml(path: Path, numbers: np.ndarray, image: dict) -> list[str]:
    root = ElementTree.parse(path).getroot()
    found = [
        (each.findtext("name"), [int(each.findtext(f"bndbox/{edge}")) for edge in ("xmin", "ymin", "xmax", "ymax")])
        for each in root.iterfind("object")
    ]
    wanted = []
    for number, name in enumerate(image["names"], 1):
        rows, columns = np.nonzero(numbers == number)
        corners = [columns.min() + 1, rows.min() + 1, columns.max() + 1, rows.max() + 1]
        wanted.append((name, [int(value) for value in corners]))
    problems = [] if found == wanted else [f"{path}: objects {found} instead of {wanted}"]
    if root.findtext("filename") != image["name"]:
        problems.append(f"{path}: names {root.findtext('filename')}")
    return problems


def check_voc(folder: Path, images: list[dict]) -> list[str]:
    colours = colour_map()
    problems = []
    for image in images:
        classes, numbers = pixels_of(image["classes"], image), pixels_of(image["numbers"], image)
        problems += check_picture(folder / "SegmentationClass" / f"{image['stem']}.png", classes, colours)
        problems += check_picture(folder / "SegmentationObject" / f"{image['stem']}.png", numbers, colours)
        problems += check_xml(folder / "Annotations" / f"{image['stem']}.xml", numbers, image)
    listed = (folder / "ImageSets/Segmentation/default.txt").read_text(encoding="utf-8").splitlines()
    if listed != [image["stem"] for image in images]:
        problems.append(f"default.txt lists {listed}")
    return problems


def check_objects(folder: Path, images: list[dict]) -> list[str]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    problems = []
    if [entry["image"] for entry in manifest["images"]] != [image["name"] for image in images]:
        problems.append("the manifest lists other images")
    for entry, image in zip(manifest["images"], images):
        if len(entry["objects"]) != len(image["masks"]):
            problems.append(f"{image['name']}: {len(entry['objects'])} objects instead of {len(image['masks'])}")
        for found, wanted in zip(entry["objects"], image["masks"]):
            picture = Image.open(folder / found["file"])
            if picture.mode != "L" or found["class"] != wanted["name"]:
                problems.append(f"{found['file']}: mode {picture.mode}, class {found['class']}")
            if not np.array_equal(np.array(picture), 255 * pixels_of(wanted["pixels"], image)):
                problems.append(f"{found['file']}: pixels differ")
    return problems


def box_of(mask: np.ndarray) -> list[float]:
    """x, y, width, height in pixel edges."""
    rows, columns = np.nonzero(mask)
    left, top = columns.min(), rows.min()
    return [float(left), float(top), float(columns.max() + 1 - left), float(rows.max() + 1 - top)]


def check_datumaro(folder: Path, images: list[dict]) -> dict | None:
    """The masks that Datumaro reads, by class and pixels; None where it is not installed."""
    try:
        from datumaro import Dataset
        from datumaro.components.annotation import AnnotationType
    except ImportError:
        return None
    data = Dataset.import_from(str(folder), "voc", coordinate_mode="voc-one-based")
    labels = data.categories()[AnnotationType.label]
    items = {item.id: item for item in data}
    masks, problems = 0, []
    for image in images:
        item = items.pop(image["stem"], None)
        if item is None:
            problems.append(f"Datumaro finds no {image['stem']}")
            continue
        numbers = pixels_of(image["numbers"], image)
        wanted = sorted((name, (numbers == at).tobytes()) for at, name in enumerate(image["names"], 1))
        found = sorted(
            (labels[each.label].name, np.array(each.image, dtype=bool).tobytes())
            for each in item.annotations
            if each.type == AnnotationType.mask and labels[each.label].name != "background"
        )
        masks += len(found)
        if found != wanted:
            problems.append(f"Datumaro reads {len(found)} masks of {image['stem']}, not the {len(wanted)} written")
        bounds = sorted((name, box_of(numbers == at)) for at, name in enumerate(image["names"], 1))
        boxes = sorted(
            (labels[each.label].name, [float(edge) for edge in each.get_bbox()])
            for each in item.annotations
            if each.type == AnnotationType.bbox
        )
        if boxes != bounds:
            problems.append(f"Datumaro reads the boxes {boxes} of {image['stem']}, written were {bounds}")
    problems += [f"Datumaro finds {name}, which was not written" for name in items]
    return {"masks": masks, "differences": problems}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    images = cases["images"]
    report = {
        "images": len(images),
        "differences": check_voc(Path(cases["voc"]), images) + check_objects(Path(cases["objects"]), images),
        "datumaro": check_datumaro(Path(cases["voc"]), images),
    }
    json.dump(report, sys.stdout)


main()
