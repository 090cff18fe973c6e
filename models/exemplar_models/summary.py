"""Means over folds and seeds, beside what was published: `python -m exemplar_models.summary OUT [OUT ...]`.

Each OUT is the folder of a finished `exemplar_models.train`, with its `result.json`, or a file of `evaluate --out`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from .configs import Row, row_from_dict
from .training import run_command


@dataclass(frozen=True)
class Result:
    """What one finished run scored on its held-out classes, in percent."""

    row: Row
    seed: int
    miou: float
    fb_iou: float


def read_result(path: Path) -> Result:
    """Raises ValueError for a file that holds no figures of held-out classes."""
    file = path / "result.json" if path.is_dir() else path
    found = json.loads(file.read_text())
    if not isinstance(found, Mapping) or found.get("part") != "test":
        raise ValueError(f"{file} holds no figures of held-out classes")
    return Result(row_from_dict(found["row"]), found["seed"], found["miou"]["value"], found["fbIou"])


def without_fold(row: Row) -> str:
    """`coco-f3-r50-5shot` -> `coco-r50-5shot`."""
    return row.name.replace(f"-f{row.fold}", "", 1)


def summarise(results: Sequence[Result]) -> str:
    """A table: per configuration the mean over seeds of each fold, and the mean over folds; published figures below.

    Raises ValueError where one configuration was run with different recipes: their mean would mean nothing.
    """
    lines = [f"{'':34} {'f0':>6} {'f1':>6} {'f2':>6} {'f3':>6} {'mean':>6} {'FB':>6}"]
    for name in dict.fromkeys(without_fold(r.row) for r in results):
        own = [r for r in results if without_fold(r.row) == name]
        if len({r.row.recipe for r in own}) > 1:
            raise ValueError(f"the runs of {name} have different recipes")
        folds = {f: [r for r in own if r.row.fold == f] for f in range(4)}
        means = {f: mean(r.miou for r in found) for f, found in folds.items() if found}
        fb = mean(mean(r.fb_iou for r in found) for found in folds.values() if found)
        shown = " ".join(f"{means[f]:6.1f}" if f in means else f"{'-':>6}" for f in range(4))
        seeds = len({r.seed for r in own})
        whole = "" if len(means) == 4 else f" (mean of {len(means)} of 4 folds)"
        lines.append(f"{name:34} {shown} {mean(means.values()):6.1f} {fb:6.1f}  {seeds} seed(s){whole}")
        published = {r.row.fold: r.row.published for r in own}
        figures = [published[f].fold if f in published else None for f in range(4)]
        some = own[0].row.published
        row = " ".join(f"{v:6.1f}" if v is not None else f"{'-':>6}" for v in (*figures, some.mean, some.fb_iou))
        lines.append(f"{'  published':34} {row}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+", metavar="OUT")
    print(summarise([read_result(path) for path in parser.parse_args(arguments).results]))


if __name__ == "__main__":
    run_command(main)
