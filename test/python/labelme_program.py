"""labelme's own reader and writer, without its window.

The package loads Qt, its models and a colouring library on import. None of them has a part in reading and writing, so
names stand in for them: the files are still read and written by labelme alone.
"""

import sys
from unittest.mock import MagicMock

for name in ("PyQt5", "PyQt5.QtCore", "PyQt5.QtGui", "PyQt5.QtWidgets", "onnxruntime", "imgviz", "imgviz.io"):
    sys.modules[name] = MagicMock()

import labelme  # noqa: E402
import numpy as np  # noqa: E402
from loguru import logger  # noqa: E402

logger.remove()


def masks_of(path: str, height: int, width: int) -> list[tuple[str, np.ndarray]]:
    """Label and mask (bool, height x width) of each shape of a file, as labelme paints them."""
    read = []
    for shape in labelme.LabelFile(path).shapes:
        _, painted = labelme.utils.shapes_to_label((height, width), [shape], {shape["label"]: 1})
        read.append((shape["label"], painted > 0))
    return read


def save(path: str, shapes: list[dict], image_path: str, height: int, width: int, image_data: bytes | None) -> None:
    labelme.LabelFile().save(path, shapes, image_path, height, width, image_data)


def mask_text(mask: np.ndarray) -> str:
    """What labelme's own save writes for the mask of a shape."""
    return labelme.utils.img_arr_to_b64(mask.astype(np.uint8))
