"""Writes files with labelme, with what is in each: `write_labelme.py FOLDER`.

Prints a JSON array, one entry a file: {image, width, height, masks: [{label, text}], boxes: [{label, box}]}.
text: compressed counts. Of a mask shape what labelme paints when it opens the file, of a polygon what pycocotools makes
of its points, since labelme's own painting adds the outline.
"""

import io
import json
import os
import sys

import labelme_program
import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask
from write_others import outline, textures

LABELS = ["bolt", "nut"]


def compressed(mask: np.ndarray) -> str:
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode("ascii")


def shape(label: str, kind: str, points: list, **more) -> dict:
    return {"label": label, "points": points, "group_id": None, "description": "", "shape_type": kind, "flags": {}} | more


def mask_shape(label: str, mask: np.ndarray) -> dict:
    """As labelme's window keeps it: corners of the tight box as floats, the second one inside."""
    ys, xs = np.nonzero(mask)
    left, top, right, bottom = (int(value) for value in (xs.min(), ys.min(), xs.max(), ys.max()))
    crop = mask[top : bottom + 1, left : right + 1]
    points = [[float(left), float(top)], [float(right), float(bottom)]]
    return shape(label, "mask", points, mask=labelme_program.mask_text(crop))


def write(folder: str, name: str, height: int, width: int, random: np.random.Generator, with_image: bool) -> dict:
    shapes = [mask_shape(LABELS[at % 2], mask) for at, mask in enumerate(textures(random, height, width)) if mask.any()]
    count = len(shapes)
    rings = [outline(random, height, width, 15) for _ in range(6)]
    shapes += [shape(LABELS[at % 2], "polygon", np.reshape(ring, (-1, 2)).tolist()) for at, ring in enumerate(rings)]
    box = [1.5, 2.0, max(2.0, width / 2), max(3.0, height / 2)]
    shapes.append(shape("nut", "rectangle", [box[:2], box[2:]]))
    picture = Image.new("RGB", (width, height))
    path = os.path.join(folder, os.path.splitext(name)[0] + ".json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    picture.save(os.path.join(folder, name))
    data = io.BytesIO()
    picture.save(data, "PNG")
    labelme_program.save(path, shapes, os.path.basename(name), height, width, data.getvalue() if with_image else None)
    painted = labelme_program.masks_of(path, height, width)[:count]
    masks = [{"label": label, "text": compressed(mask)} for label, mask in painted]
    for at, ring in enumerate(rings):
        mask = coco_mask.decode(coco_mask.frPyObjects([ring], height, width))[..., 0]
        if mask.any():
            masks.append({"label": LABELS[at % 2], "text": compressed(mask)})
    corners = {"label": "nut", "box": [box[0], box[1], box[2] - box[0], box[3] - box[1]]}
    return {"image": name, "width": width, "height": height, "masks": masks, "boxes": [corners]}


random = np.random.default_rng(8)
sizes = [(37, 53), (64, 48), (3, 19), (90, 71), (40, 40), (23, 8)]
json.dump(
    [write(sys.argv[1], f"sub {at % 2}/{at}.png", *size, random, at % 2 == 0) for at, size in enumerate(sizes)], sys.stdout
)
