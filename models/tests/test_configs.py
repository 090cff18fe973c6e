"""Rows: all published ones, each with its figure; names held out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from exemplar_models.configs import ROWS, find_row, list_rows, row_from_dict, row_to_dict
from exemplar_models.evaluate import result_record
from exemplar_models.metrics import ClassScore, Interval, ScoreTable
from exemplar_models.network.paper import PaperConfig
from exemplar_models.summary import read_result, summarise


def test_every_published_row_is_there() -> None:
    plain = [
        f"{data}-f{fold}-{net}-{shots}shot"
        for data in ("pascal", "coco")
        for fold in range(4)
        for net in ("r50", "r101")
        for shots in (1, 5)
    ]
    assert set(plain) < set(ROWS)
    assert {n for n in ROWS if n not in plain} == {
        f"coco-f{fold}-r50-1shot-{what}"
        for fold in range(4)
        for what in ("baseline", "cmgm", "std", "blocks1", "blocks2", "blocks4", "nopyramid")
    }


def test_published_means_are_the_means_of_their_folds() -> None:
    for row in ROWS.values():
        if row.published.fold is not None:
            same = [
                r.published.fold
                for r in ROWS.values()
                if (r.data_set, r.backbone, r.shots) == (row.data_set, row.backbone, row.shots)
                and r.published.fold is not None
            ]
            assert len(same) == 4
            assert sum(same) / 4 == pytest.approx(row.published.mean, abs=0.11)


def test_rows_by_hand() -> None:
    row = find_row("coco-f3-r101-5shot")
    assert (row.published.fold, row.published.mean, row.published.fb_iou) == (53.3, 55.3, 75.1)
    recipe = row.recipe
    assert (recipe.epochs, recipe.batch, recipe.size, recipe.rate, recipe.weight_decay) == (30, 16, 473, 1e-3, 0)
    assert recipe.schedule == "fixed" and recipe.dice == "linear"
    assert row.network == PaperConfig()
    assert row.held_out[:3] == ("motorcycle", "truck", "stop sign")
    pascal = find_row("pascal-f0-r50-1shot")
    assert (pascal.recipe.epochs, pascal.recipe.batch, pascal.published.fold) == (60, 32, 66.3)
    assert pascal.held_out == ("aeroplane", "bicycle", "bird", "boat", "bottle")
    base = find_row("coco-f1-r50-1shot-baseline")
    assert base.published.mean == 32.9 and base.network == PaperConfig(cmgm=False, std=False, decoder=False)
    with pytest.raises(ValueError, match="lists them"):
        find_row("pascal-f4-r50-1shot")


def test_rows_survive_being_written() -> None:
    for row in ROWS.values():
        assert row_from_dict(row_to_dict(row)) == row


def test_listing_filters_by_name() -> None:
    lines = list_rows(["pascal", "r101"]).splitlines()
    assert sum(line.startswith("pascal-") for line in lines) == 8
    assert "75.5" in next(line for line in lines if line.startswith("pascal-f0-r101-5shot"))


def write_result(path: Path, name: str, seed: int, miou: float) -> Path:
    table = ScoreTable(Interval(miou, miou, miou), {1: ClassScore(miou, 10, 5)}, 10, 70)
    path.mkdir()
    (path / "result.json").write_text(json.dumps(result_record(ROWS[name], table, "test", 5, seed=seed)))
    return path


def test_summary_takes_means_over_seeds_then_folds(tmp_path: Path) -> None:
    runs = [("coco-f0-r50-1shot", 1, 40.0), ("coco-f0-r50-1shot", 2, 44.0), ("coco-f3-r50-1shot", 1, 50.0)]
    paths = [write_result(tmp_path / str(i), *run) for i, run in enumerate(runs)]
    results = [read_result(path) for path in paths]
    own, published = summarise(results).splitlines()[1:]
    assert own.split()[:7] == ["coco-r50-1shot", "42.0", "-", "-", "50.0", "46.0", "70.0"]
    assert "2 of 4 folds" in own and "2 seed(s)" in own
    assert published.split() == ["published", "43.7", "-", "-", "46.2", "46.5", "70.4"]
    other = replace(results[0].row, recipe=replace(results[0].row.recipe, dice="squared"))
    with pytest.raises(ValueError, match="different recipes"):
        summarise([*results, replace(results[0], row=other)])
    with pytest.raises(ValueError, match="no figures"):
        (paths[0] / "result.json").write_text('{"part": "train"}')
        read_result(paths[0])
