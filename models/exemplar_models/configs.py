"""Every published row of MSDNet (arXiv 2409.11316): `python -m exemplar_models.configs [PART_OF_NAME ...]` lists them.

A row is one training: data set, fold, backbone, number of shots, what of the network is there, and the recipe, with the
published figure beside it. `coco-f3-r50-5shot` is COCO-20i, fold 3, ResNet-50, 5-shot; ablation rows add what they are.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from .losses import DiceForm
from .network.paper import PaperConfig
from .readers.coco import COCO_CLASSES, coco_fold
from .readers.pascal import PASCAL_CLASSES, pascal_fold
from .training import Schedule

DataSetName = Literal["pascal", "coco"]
FOLDS = (0, 1, 2, 3)
# Smaller objects are neither drawn nor shown, as is usual in training on these sets: 2 * 32 * 32 px.
MIN_PIXELS = 2048


@dataclass(frozen=True)
class Recipe:
    """How a row is trained: Adam at a fixed rate, Dice only, inputs resized to a square, no augmentation."""

    episodes: int
    epochs: int
    batch: int
    size: int = 473
    rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: Schedule = "fixed"
    dice: DiceForm = "linear"
    min_pixels: int = MIN_PIXELS
    # Leaves images with any held-out class out of training. The published protocol keeps them, as background.
    strict: bool = False


@dataclass(frozen=True)
class Published:
    """mIoU of the fold, mean mIoU and mean FB-IoU over the four folds, in percent; None where not published."""

    fold: float | None = None
    mean: float | None = None
    fb_iou: float | None = None


@dataclass(frozen=True)
class Row:
    name: str
    data_set: DataSetName
    fold: int
    backbone: str
    shots: int
    recipe: Recipe
    network: PaperConfig = field(default_factory=PaperConfig)
    published: Published = field(default_factory=Published)

    @property
    def held_out(self) -> tuple[str, ...]:
        """Names of the classes that are tested and never trained."""
        if self.data_set == "pascal":
            return tuple(PASCAL_CLASSES[i - 1] for i in pascal_fold(self.fold))
        return tuple(COCO_CLASSES[i - 1] for i in coco_fold(self.fold))


# mIoU of folds 0..3, mean, FB-IoU.
RESULTS: Mapping[tuple[DataSetName, str, int], tuple[float, ...]] = {
    ("pascal", "resnet50", 1): (66.3, 71.9, 57.2, 62.0, 64.3, 77.1),
    ("pascal", "resnet50", 5): (73.2, 75.4, 59.9, 66.3, 68.7, 82.1),
    ("pascal", "resnet101", 1): (67.6, 72.8, 58.2, 60.0, 64.7, 77.3),
    ("pascal", "resnet101", 5): (75.5, 77.2, 62.5, 68.1, 70.8, 85.0),
    ("coco", "resnet50", 1): (43.7, 49.1, 46.9, 46.2, 46.5, 70.4),
    ("coco", "resnet50", 5): (50.1, 58.5, 56.3, 53.1, 54.5, 74.5),
    ("coco", "resnet101", 1): (44.5, 52.5, 48.9, 48.1, 48.5, 71.3),
    ("coco", "resnet101", 5): (50.4, 59.9, 57.6, 53.3, 55.3, 75.1),
}

# COCO, ResNet-50, 1-shot: what is there, published mean over the folds. The published model itself (all parts, three
# blocks a stage, two at S as its count implies) is the plain row.
ABLATIONS: Mapping[str, tuple[PaperConfig, float | None]] = {
    "baseline": (PaperConfig(cmgm=False, std=False, decoder=False), 32.9),
    "cmgm": (PaperConfig(std=False, decoder=False), 34.1),
    # Both modules, no decoder: the published code's HEAD variant.
    "std": (PaperConfig(decoder=False), 43.2),
    "blocks1": (PaperConfig(blocks=(1, 1, 1)), 45.4),
    "blocks2": (PaperConfig(blocks=(2, 2, 2)), 46.2),
    "blocks4": (PaperConfig(blocks=(4, 4, 4)), 45.4),
    # Never published.
    "nopyramid": (PaperConfig(pyramid=False), None),
}

SHORT = {"resnet50": "r50", "resnet101": "r101"}


def recipe_for(data_set: DataSetName, shots: int) -> Recipe:
    """The published recipe: batch 32 for 1-shot and 16 for 5-shot, 60 epochs on PASCAL and 30 on COCO.

    An epoch is as many episodes as training images, about 0.68M and 1.86M in all.
    """
    episodes, epochs = (680_000, 60) if data_set == "pascal" else (1_860_000, 30)
    return Recipe(episodes=episodes, epochs=epochs, batch=32 if shots == 1 else 16)


def _all_rows() -> dict[str, Row]:
    rows = []
    for (data_set, backbone, shots), figures in RESULTS.items():
        for fold in FOLDS:
            name = f"{data_set}-f{fold}-{SHORT[backbone]}-{shots}shot"
            published = Published(figures[fold], figures[4], figures[5])
            rows.append(
                Row(name, data_set, fold, backbone, shots, recipe_for(data_set, shots), PaperConfig(), published)
            )
    for what, (network, mean) in ABLATIONS.items():
        for fold in FOLDS:
            name = f"coco-f{fold}-r50-1shot-{what}"
            recipe = recipe_for("coco", 1)
            rows.append(Row(name, "coco", fold, "resnet50", 1, recipe, network, Published(mean=mean)))
    return {row.name: row for row in rows}


ROWS: Mapping[str, Row] = _all_rows()


def find_row(name: str) -> Row:
    """The row of that name. Raises ValueError saying where the names are listed."""
    if name not in ROWS:
        raise ValueError(f"no row {name}; python -m exemplar_models.configs lists them")
    return ROWS[name]


def row_to_dict(row: Row) -> dict[str, object]:
    """Plain values, as checkpoints and results keep them."""
    return asdict(row)


def _section(found: Mapping[str, object], key: str) -> dict[str, object]:
    value = found[key]
    if not isinstance(value, Mapping):
        raise ValueError(f"a row's {key} is not a table")
    return dict(value)


def row_from_dict(found: Mapping[str, object]) -> Row:
    """Inverse of `row_to_dict`. Raises ValueError or TypeError for anything else."""
    network = _section(found, "network")
    blocks = network["blocks"]
    if not isinstance(blocks, list | tuple) or len(blocks) != 3:
        raise ValueError(f"{blocks} are not the blocks of three stages")
    network["blocks"] = tuple(int(b) for b in blocks)
    return Row(
        **{
            **found,
            "recipe": Recipe(**_section(found, "recipe")),  # type: ignore[arg-type]
            "network": PaperConfig(**network),  # type: ignore[arg-type]
            "published": Published(**_section(found, "published")),  # type: ignore[arg-type]
        }  # type: ignore[arg-type]
    )


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def list_rows(parts: list[str]) -> str:
    """A table of the rows whose names contain all of `parts`."""
    lines = [f"{'row':34} {'fold':>5} {'mean':>5} {'FB':>5} {'epochs':>6} {'batch':>5} {'episodes':>9}"]
    for row in ROWS.values():
        if all(part in row.name for part in parts):
            p, r = row.published, row.recipe
            figures = f"{_shown(p.fold):>5} {_shown(p.mean):>5} {_shown(p.fb_iou):>5}"
            lines.append(f"{row.name:34} {figures} {r.epochs:6} {r.batch:5} {r.episodes:9}")
    lines.append(
        "fold, mean, FB: published mIoU of the fold, mean mIoU and mean FB-IoU over the folds (v1 of the paper)"
    )
    lines.append("python -m exemplar_models.train ROW --data DIR --backbone-weights FILE --out DIR")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="show only rows whose names contain all of these")
    print(list_rows(parser.parse_args().parts))


if __name__ == "__main__":
    main()
