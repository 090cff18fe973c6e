"""What OpenCV makes of outlines and masks: `opencv_outlines.py FILE`.

FILE: JSON {rings: [{width, height, ring: x, y, ...}], masks: [{width, height, pixels}]}. Prints one JSON object:
  filled: cv2.fillPoly of each ring (base64, row-major 0/1, as pixels)
  contours: the outer contours of each mask, parts in any order
"""

import base64
import json
import sys

import cv2
import numpy as np

with open(sys.argv[1], encoding="utf-8") as file:
    cases = json.load(file)

filled = []
for case in cases["rings"]:
    mask = np.zeros((case["height"], case["width"]), np.uint8)
    # Corners are cut to whole numbers, as Ultralytics cuts them for fillPoly.
    cv2.fillPoly(mask, [np.asarray(case["ring"], np.float64).astype(np.int32).reshape(-1, 2)], 1)
    filled.append(base64.b64encode(mask.tobytes()).decode("ascii"))

contours = []
for case in cases["masks"]:
    mask = np.frombuffer(base64.b64decode(case["pixels"]), np.uint8).reshape(case["height"], case["width"])
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    contours.append([part.reshape(-1).tolist() for part in found])

json.dump({"filled": filled, "contours": contours}, sys.stdout)
