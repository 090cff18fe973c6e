"""Data sets with one class id per pixel: our folders, the PASCAL-5i layout and the COCO-20i layout."""

from .base import IGNORE, DataSet, Item
from .coco import CocoSet
from .folder import FolderSet
from .pascal import PascalSet

__all__ = ["IGNORE", "CocoSet", "DataSet", "FolderSet", "Item", "PascalSet"]
