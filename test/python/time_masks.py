"""Milliseconds a mask that pycocotools and OpenCV take: `time_masks.py FILE`.

FILE: JSON {width, height, count, pixels: path of count * height * width bytes, 0 or 1, polygons: lists of lists a mask}.
Each figure is the best of three rounds over all masks, as a program that holds row-major arrays would call them.
"""

import json
import sys
import time

import cv2
import numpy as np
from pycocotools import mask as coco


def measure(items, work):
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for item in items:
            work(item)
        best = min(best, (time.perf_counter() - start) / len(items))
    return best * 1000


with open(sys.argv[1]) as file:
    job = json.load(file)
width, height = job["width"], job["height"]
masks = list(np.fromfile(job["pixels"], np.uint8).reshape(job["count"], height, width))
cv2.setNumThreads(1)
encoded = [coco.encode(np.asfortranarray(mask)) for mask in masks]
print(
    json.dumps(
        {
            "encode": measure(masks, lambda mask: coco.encode(np.asfortranarray(mask))),
            "decode": measure(encoded, lambda rle: np.ascontiguousarray(coco.decode(rle))),
            "rasterise": measure(job["polygons"], lambda each: coco.merge(coco.frPyObjects(each, height, width))),
            "contours": measure(
                masks, lambda mask: cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
            ),
            "corners": measure(
                masks, lambda mask: cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
            ),
        }
    )
)
