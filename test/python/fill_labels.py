"""What OpenCV paints for YOLO labels the way Ultralytics asks it to: `fill_labels.py CASES.json`.

CASES.json holds {folder, sizes, images: [{name, width, height, masks: [pixels]}]}: an export, its masks in the order of the
project (base64, row-major 0/1), and sizes to train at, as shares of those of the pictures. Shares of a ring are read in
single precision, put on the pixels of the size trained at, given points between the corners, cut to whole pixels and filled
by cv2.fillPoly; a line of a label file is one 4-connected part of a mask.

Prints one JSON object: masks, those of which every part is painted bit by bit, all parts and those, and by size the mean IoU of
what is painted with the mask, made as small or large by its areas.
"""

import base64
import json
import sys
from pathlib import Path, PurePosixPath

import cv2
import numpy as np


def painted(shares: list[str], width: int, height: int) -> np.ndarray:
    corners = np.array(shares, dtype=np.float32).reshape(-1, 2)
    closed = np.concatenate((corners, corners[:1]))
    steps = np.linspace(0, len(corners), 100 + len(closed))
    at = np.sort(np.concatenate((steps, np.arange(len(closed)))))
    points = np.stack([np.interp(at, np.arange(len(closed)), closed[:, axis]) for axis in (0, 1)], axis=1)
    points = points.astype(np.float32) * np.array([width, height], dtype=np.float32)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], 1)
    return mask > 0


def main() -> None:
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    report = {"masks": 0, "identical": 0, "parts": 0, "identicalParts": 0}
    ious: dict[float, list[float]] = {size: [] for size in cases["sizes"]}
    for image in cases["images"]:
        width, height = image["width"], image["height"]
        path = Path(cases["folder"]) / "labels/train" / PurePosixPath(image["name"]).with_suffix(".txt")
        lines = [line.split()[1:] for line in path.read_text(encoding="utf-8").splitlines()]
        # Fewer numbers after the class are a box.
        assert all(len(line) >= 6 and len(line) % 2 == 0 for line in lines)
        for pixels in image["masks"]:
            mask = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(height, width)
            count, parts = cv2.connectedComponents(mask, connectivity=4)
            own, lines = lines[: count - 1], lines[count - 1 :]
            wanted = {(parts == number).tobytes() for number in range(1, count)}
            found = [painted(line, width, height).tobytes() for line in own]
            right = sum(each in wanted for each in found)
            report["masks"] += 1
            report["parts"] += count - 1
            report["identicalParts"] += right
            report["identical"] += right == count - 1 and len(set(found)) == len(found)
            for size, list_of in ious.items():
                w, h = round(width * size), round(height * size)
                scaled = cv2.resize(mask.astype(np.float32), (w, h), interpolation=cv2.INTER_AREA if size < 1 else cv2.INTER_LINEAR)
                expected = scaled >= 0.5
                got = np.logical_or.reduce([painted(line, w, h) for line in own])
                list_of.append(float((got & expected).sum() / (got | expected).sum()))
        assert lines == []
    means = {str(size): float(np.mean(values)) for size, values in ious.items()}
    json.dump({**report, "meanIou": means}, sys.stdout)


main()
