"""Reads an exported data set with the readers that people use and compares every mask with the stored one.

Usage: read_hard_masks.py CASES.json. Prints one JSON object:
  readers: {reader: {encoding: {identical, mean, min, seconds, differences}}}   mean and min: IoU with the stored mask
  contours: the same masks written as OpenCV contours, one list each, and read by pycocotools
  precision: {evaluation: {encoding: AP}}   the ground truth as its own detections
  shifted: AP of pycocotools when the same file counts its annotations from 0
  validation: {encoding: [error]}   what Datumaro's validator calls an error

CASES.json holds {pixels: path of all masks as bytes 0/1, row-major, one after the other,
masks: [{id, image, width, height, offset, family}] with the id in the files, exports: {encoding: instances file}}.
"""

import contextlib
import json
import os
import sys
import time

import cv2
import faster_coco_eval
import numpy as np
import supervision
from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset
from datumaro.plugins.validators import SegmentationValidator
from datumaro.util import mask_tools
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Masks = dict[int, np.ndarray]


def read_coco_api(api, instances: str) -> Masks:
    coco = api(instances)
    return {key: coco.annToMask(annotation) for key, annotation in coco.anns.items()}


def read_pycocotools(instances: str) -> Masks:
    return read_coco_api(COCO, instances)


def read_faster_coco_eval(instances: str) -> Masks:
    return read_coco_api(faster_coco_eval.COCO, instances)


def datumaro_root(instances: str) -> str:
    return os.path.dirname(os.path.dirname(instances))


def read_datumaro(instances: str) -> Masks:
    """Parts stay polygons of one group, as Datumaro and CVAT show them; Datumaro's own code unites them."""
    masks: Masks = {}
    for item in Dataset.import_from(datumaro_root(instances), "coco_instances"):
        height, width = item.media.size
        parts: dict[int, list] = {}
        for annotation in item.annotations:
            if annotation.type == AnnotationType.polygon:
                parts.setdefault(annotation.id, []).append(annotation)
            elif annotation.type == AnnotationType.mask:
                masks[annotation.id] = annotation.image
        for key, polygons in parts.items():
            masks[key] = mask_tools.rles_to_mask([polygon.points for polygon in polygons], width, height)
    return masks


def read_datumaro_merged(instances: str) -> Masks:
    root = datumaro_root(instances)
    return {
        annotation.id: annotation.image
        for item in Dataset.import_from(root, "coco_instances", merge_instance_polygons=True)
        for annotation in item.annotations
        if annotation.type == AnnotationType.mask
    }


def read_supervision(instances: str) -> Masks:
    """supervision keeps no ids: its masks come in the order of the file."""
    folder = os.path.join(datumaro_root(instances), "images", "default")
    dataset = supervision.DetectionDataset.from_coco(folder, instances, force_masks=True)
    with open(instances, encoding="utf-8") as file:
        content = json.load(file)
    names = {image["id"]: os.path.realpath(os.path.join(folder, image["file_name"])) for image in content["images"]}
    taken: dict[str, int] = {}
    masks: Masks = {}
    for annotation in content["annotations"]:
        name = names[annotation["image_id"]]
        at = taken.get(name, 0)
        taken[name] = at + 1
        masks[annotation["id"]] = dataset.annotations[name].mask[at]
    return masks


READERS = {
    "pycocotools": read_pycocotools,
    "faster-coco-eval": read_faster_coco_eval,
    "Datumaro": read_datumaro,
    "Datumaro, parts merged": read_datumaro_merged,
    "supervision": read_supervision,
}


def iou(a: np.ndarray, b: np.ndarray) -> float:
    union = int(np.count_nonzero(a | b))
    return 1.0 if union == 0 else int(np.count_nonzero(a & b)) / union


def compare(stored: Masks, read: Masks, families: dict[int, str]) -> dict:
    values = []
    differences = []
    identical = 0
    for key, mask in stored.items():
        other = read.get(key)
        if other is None or other.shape != mask.shape:
            values.append(0.0)
            differences.append(f"{key} ({families[key]}): {'not read' if other is None else other.shape}")
            continue
        other = other.astype(bool)
        values.append(iou(mask, other))
        if np.array_equal(mask, other):
            identical += 1
        else:
            differences.append(f"{key} ({families[key]}): {np.count_nonzero(mask != other)} pixels")
    differences += [f"{key}: not in the project" for key in read if key not in stored]
    return {
        "identical": identical,
        "mean": float(np.mean(values)),
        "min": float(np.min(values)),
        "differences": differences[:10],
    }


def contours_of(mask: np.ndarray) -> np.ndarray:
    """The usual way: one list a contour, holes as more lists, contours that make no polygon dropped."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    lists = [contour.flatten().tolist() for contour in contours if len(contour) >= 3]
    height, width = mask.shape
    if not lists:
        return np.zeros(mask.shape, dtype=bool)
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(lists, height, width))).astype(bool)


def precision(api, evaluation, instances: str, kind: str) -> float:
    """AP @[.50:.95], all areas, 100 detections an image, as the evaluation prints it."""
    truth = api(instances)
    results = [
        {"image_id": each["image_id"], "category_id": each["category_id"], "score": 1.0}
        | ({"bbox": each["bbox"]} if kind == "bbox" else {"segmentation": truth.annToRLE(each)})
        for each in truth.anns.values()
    ]
    run = evaluation(truth, truth.loadRes(results), kind)
    run.evaluate()
    run.accumulate()
    run.summarize()
    return float(run.stats[0])


def shifted_precision(instances: str) -> float:
    """What a file with annotation ids from 0 loses: the evaluation takes a match with id 0 for none."""
    with open(instances, encoding="utf-8") as file:
        content = json.load(file)
    for annotation in content["annotations"]:
        annotation["id"] -= 1
    path = f"{instances}.shifted"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)
    return precision(COCO, COCOeval, path, "segm")


def validation_errors(instances: str) -> list[str]:
    """Datumaro turns `iscrowd` into an attribute `is_crowd` and its validator then misses the declaration of it."""
    dataset = Dataset.import_from(datumaro_root(instances), "coco_instances")
    dataset.categories()[AnnotationType.label].attributes.add("is_crowd")
    validator = SegmentationValidator(
        few_samples_thr=1, imbalance_ratio_thr=50, far_from_mean_thr=5, dominance_ratio_thr=0.8, topk_bins=0.1
    )
    reports = validator.validate(dataset)["validation_reports"]
    return [str(report) for report in reports if report["severity"] == "error"]


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    pixels = np.fromfile(cases["pixels"], dtype=np.uint8).astype(bool)
    stored: Masks = {}
    families: dict[int, str] = {}
    for case in cases["masks"]:
        end = case["offset"] + case["width"] * case["height"]
        stored[case["id"]] = pixels[case["offset"] : end].reshape(case["height"], case["width"])
        families[case["id"]] = case["family"]
    report: dict = {"readers": {}, "precision": {}, "validation": {}}
    exports = cases["exports"]
    with contextlib.redirect_stdout(sys.stderr):
        for name, read in READERS.items():
            for encoding, instances in exports.items():
                start = time.monotonic()
                found = compare(stored, read(instances), families)
                found["seconds"] = round(time.monotonic() - start, 2)
                report["readers"].setdefault(name, {})[encoding] = found
        report["contours"] = compare(stored, {key: contours_of(mask) for key, mask in stored.items()}, families)
        report["shifted"] = shifted_precision(exports["rle"])
        for encoding, instances in exports.items():
            for kind in ("segm", "bbox"):
                for name, api, evaluation in (
                    ("pycocotools", COCO, COCOeval),
                    ("faster-coco-eval", faster_coco_eval.COCO, faster_coco_eval.COCOeval_faster),
                ):
                    value = precision(api, evaluation, instances, kind)
                    report["precision"].setdefault(f"{name} {kind}", {})[encoding] = value
            report["validation"][encoding] = validation_errors(instances)
    json.dump(report, sys.stdout)


main()
