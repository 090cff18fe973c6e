"""Our data set folders: `images/`, `masks/` (8 bit: 0 background, class ids, 255 ignore) and `manifest.json`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .base import DataSet, Item, indexed_mask


class FolderSet(DataSet):
    """Reads `manifest.json`. Raises FileNotFoundError, or ValueError naming what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        try:
            self.name = str(manifest["name"])
            self.classes = {int(i): str(n) for i, n in manifest["classes"].items()}
            self._masks: dict[str, Path] = {}
            self.items: dict[str, Item] = {}
            for entry in manifest["items"]:
                name = Path(entry["image"]).name
                if name in self.items:
                    raise ValueError(f"{path} has two images named {name}")
                pixels = {int(i): int(c) for i, c in entry["px"].items() if int(i) not in (0, 255)}
                self.items[name] = Item(
                    name,
                    folder / entry["image"],
                    int(entry["w"]),
                    int(entry["h"]),
                    pixels,
                    bool(entry.get("partial", False)),
                )
                self._masks[name] = folder / entry["mask"]
        except (KeyError, TypeError, AttributeError) as cause:
            raise ValueError(f"{path} is not a data set manifest: {cause!r}") from cause

    def mask(self, name: str) -> np.ndarray:
        return indexed_mask(self._masks[name])
