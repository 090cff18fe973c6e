"""Writes a YOLO data set as supervision does, which outlines masks with OpenCV: `write_yolo.py CASES.json`.

CASES.json holds {folder, name, images: [{name, width, height, masks: [pixels]}]}: where to write, the one class, and the masks
(base64, row-major 0/1). Prints supervision's version.
"""

import base64
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import supervision


def main() -> None:
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(cases["folder"])
    (folder / "images").mkdir(parents=True)
    annotations = {}
    for image in cases["images"]:
        width, height = image["width"], image["height"]
        path = str(folder / "images" / image["name"])
        cv2.imwrite(path, np.zeros((height, width, 3), np.uint8))
        pixels = [np.frombuffer(base64.b64decode(each), np.uint8) for each in image["masks"]]
        masks = np.stack(pixels).reshape(-1, height, width) > 0
        classes = np.zeros(len(masks), int)
        annotations[path] = supervision.Detections(xyxy=supervision.mask_to_xyxy(masks), mask=masks, class_id=classes)
    data = supervision.DetectionDataset([cases["name"]], list(annotations), annotations)
    data.as_yolo(annotations_directory_path=str(folder / "labels"))
    (folder / "data.yaml").write_text(f"train: images\nval: images\nnames: [{cases['name']}]\n", encoding="utf-8")
    json.dump({"supervision": supervision.__version__}, sys.stdout)


main()
