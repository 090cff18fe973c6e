"""The paper configuration through its commands: tiny made sets in the true layouts, a reduced random backbone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_readers import make_coco_pngs
from tiny_sets import make_folder, make_voc

from exemplar_models import configs, evaluate, train
from exemplar_models.episodes import EpisodeSampler, draw_list, read_episodes, write_episodes
from exemplar_models.paper_data import open_data, square_mask
from exemplar_models.readers import FolderSet, PascalSet
from exemplar_models.training import load_checkpoint, run_command

SMALL = ["--backbone", "resnet-reduced", "--random-backbone", "1", "--device", "cpu", "--min-pixels", "50"]
FOLD_0 = "pascal-f0-r50-1shot"


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Held-out classes 1 and 2 of fold 0, training classes 6 to 8."""
    return make_voc(tmp_path_factory.mktemp("voc") / "VOC2012", (1, 2, 6, 7, 8), train=2, val=2).parent


def command(voc: Path, out: Path, *more: str) -> list[str]:
    return [FOLD_0, "--data", str(voc), "--out", str(out), *SMALL, *more]


def test_trains_on_a_pascal_layout_end_to_end_and_overfits(voc: Path, tmp_path: Path) -> None:
    train.main(
        command(voc, tmp_path, "--size", "65", "--batch", "4", "--episodes", "400", "--epochs", "2", "--no-test")
    )
    steps = [json.loads(line) for line in (tmp_path / train.LOG).read_text().splitlines()]
    assert [s["step"] for s in steps] == list(range(1, 101))
    assert steps[0]["loss"] > 0.4 and {s["rate"] for s in steps} == {1e-3}
    evaluate.main(
        [
            *("--checkpoint", str(tmp_path / train.CHECKPOINT), "--data", str(voc), "--random-backbone", "1"),
            *("--device", "cpu", "--part", "train", "--test-episodes", "18", "--out", str(tmp_path / "figures.json")),
        ]
    )
    figures = json.loads((tmp_path / "figures.json").read_text())
    # Training mIoU at the original resolution; calling everything foreground gives about 30.
    assert figures["miou"]["value"] > 90
    assert figures["floor"] < 40
    assert set(figures["perClass"]) == {"6", "7", "8"} and figures["trainedEpisodes"] == 400


SHORT = ("--size", "33", "--batch", "2", "--episodes", "12", "--epochs", "2", "--test-episodes", "4")


def final(out: Path) -> dict[str, object]:
    return load_checkpoint(out / train.CHECKPOINT)


def test_resuming_continues_bit_for_bit(voc: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.main(command(voc, tmp_path / "whole", *SHORT))
    # Stopped within an epoch, after a line of the log that the checkpoint does not know.
    train.main(command(voc, tmp_path / "parts", *SHORT, "--stop-after", "2"))
    assert not (tmp_path / "parts" / train.RESULT).exists()
    with (tmp_path / "parts" / train.LOG).open("a") as log:
        log.write('{"step": 3, "loss": 9}\n')
    train.main(command(voc, tmp_path / "parts", *SHORT, "--resume"))
    assert "resumed at step 2 of 6" in capsys.readouterr().out
    whole, parts = final(tmp_path / "whole"), final(tmp_path / "parts")
    for part in ("network", "optimiser", "random"):
        assert_equal(whole[part], parts[part])
    for name in (train.LOG, train.RESULT):
        assert (tmp_path / "whole" / name).read_text() == (tmp_path / "parts" / name).read_text()
    record = json.loads((tmp_path / "whole" / train.RESULT).read_text())
    assert set(record["perClass"]) == {"1", "2"} and record["selection"] == "last"


def assert_equal(a: object, b: object) -> None:
    if isinstance(a, torch.Tensor):
        assert isinstance(b, torch.Tensor) and torch.equal(a, b)
    elif isinstance(a, dict):
        assert isinstance(b, dict) and a.keys() == b.keys()
        for key, value in a.items():
            assert_equal(value, b[key])
    elif isinstance(a, list):
        assert isinstance(b, list) and len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            assert_equal(one, other)
    else:
        assert a == b


def test_another_seed_trains_another_network(voc: Path, tmp_path: Path) -> None:
    short = (*SHORT, "--stop-after", "1", "--no-test")
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        train.main(command(voc, tmp_path / name, *short, "--seed", seed))
    logs = [(tmp_path / name / train.LOG).read_text() for name in "abc"]
    assert logs[0] == logs[1] != logs[2]


def test_the_published_selection_keeps_the_best_epoch(voc: Path, tmp_path: Path) -> None:
    train.main(command(voc, tmp_path, *SHORT, "--select", "test"))
    best = load_checkpoint(tmp_path / train.BEST)
    record = json.loads((tmp_path / train.RESULT).read_text())
    assert record["selection"] == "test" and record["miou"]["value"] == pytest.approx(best["best"])
    # Scoring in between disturbs nothing: the last epoch is the one of an undisturbed run.
    train.main(command(voc, tmp_path / "undisturbed", *SHORT, "--no-test"))
    assert_equal(final(tmp_path)["network"], final(tmp_path / "undisturbed")["network"])


def test_mixed_precision_trains_on_the_cpu(voc: Path, tmp_path: Path) -> None:
    train.main(command(voc, tmp_path, *SHORT, "--stop-after", "2", "--no-test", "--amp"))
    losses = [json.loads(line)["loss"] for line in (tmp_path / train.LOG).read_text().splitlines()]
    assert len(losses) == 2 and all(0 < v < 1 for v in losses)


def test_reading_images_in_other_processes_changes_nothing(voc: Path, tmp_path: Path) -> None:
    short = (*SHORT, "--stop-after", "2", "--no-test")
    train.main(command(voc, tmp_path / "none", *short))
    train.main(command(voc, tmp_path / "two", *short, "--workers", "2"))
    assert (tmp_path / "none" / train.LOG).read_text() == (tmp_path / "two" / train.LOG).read_text()


def test_wrong_continuations_are_refused(voc: Path, tmp_path: Path) -> None:
    short = (*SHORT, "--stop-after", "1", "--no-test")
    train.main(command(voc, tmp_path, *short))
    with pytest.raises(ValueError, match="--resume"):
        train.main(command(voc, tmp_path, *short))
    with pytest.raises(ValueError, match="another row, recipe or seed"):
        train.main(command(voc, tmp_path, *short, "--resume", "--rate", "0.1"))
    with pytest.raises(ValueError, match="other backbone weights"):
        train.main(command(voc, tmp_path, *short, "--resume", "--random-backbone", "2"))
    with pytest.raises(ValueError, match="--backbone-weights"):
        train.main([FOLD_0, "--data", str(voc), "--out", str(tmp_path / "new")])


def test_rows_train_on_a_coco_layout(tmp_path: Path) -> None:
    # Fold 3 holds out contiguous ids 4, 8, ...; raw 44 is the bottle, contiguous 40, of fold 3.
    make_coco_pngs(tmp_path / "coco", [1, 1, 2, 2, 44, 44])
    out = tmp_path / "out"
    arguments = ["coco-f3-r50-5shot", "--data", str(tmp_path / "coco"), "--out", str(out), *SMALL, *SHORT]
    train.main([*arguments, "--coco-ids", "raw", "--stop-after", "1", "--no-test"])
    row = configs.find_row("coco-f3-r50-5shot")
    opened = open_data(row, tmp_path / "coco", "train", coco_ids="raw")
    assert 40 not in opened.classes and len(opened.classes) == 60
    assert (out / "index-coco-train.json").exists()


def test_strict_training_leaves_out_images_with_held_out_classes(voc: Path) -> None:
    row = configs.find_row(FOLD_0)
    usual = open_data(row, voc, "train")
    strict = open_data(replace(row, recipe=replace(row.recipe, strict=True)), voc, "train")
    assert usual.names is None and usual.classes == strict.classes == tuple(range(6, 21))
    assert strict.names is not None and len(strict.names) == 6
    items = PascalSet(voc, "train").items
    assert all(set(items[n].pixels) & {6, 7, 8} for n in strict.names)


def test_a_data_set_folder_is_split_by_class_names_and_scored_on_a_list(tmp_path: Path) -> None:
    # "Dog" and "person" are trained, "boat" (fold 0) is held out, whatever its id.
    folder = make_folder(tmp_path / "own", {1: "dog", 2: "person", 3: "boat"}, per_class=3)
    out = tmp_path / "out"
    train.main([FOLD_0, "--data", str(folder), "--out", str(out), *SMALL, *SHORT])
    record = json.loads((out / train.RESULT).read_text())
    assert set(record["perClass"]) == {"3"}
    shared = ["--checkpoint", str(out / train.CHECKPOINT), "--data", str(folder), "--random-backbone", "1"]
    figures = tmp_path / "figures.json"
    path = tmp_path / "list.json"
    drawn = [*shared, "--device", "cpu", "--test-episodes", "4", "--write-list", str(path), "--out", str(figures)]
    evaluate.main(drawn)
    first = json.loads(figures.read_text())
    assert len(read_episodes(path).present) == 4
    evaluate.main([*shared, "--device", "cpu", "--list", str(path), "--out", str(figures)])
    again = json.loads(figures.read_text())
    assert again["miou"] == first["miou"] and len(again["source"]) == 64
    # A list of a set without any held-out class, with queries that lack theirs.
    other = FolderSet(make_folder(tmp_path / "other", {1: "cup", 2: "pan"}, per_class=3))
    write_episodes(path, draw_list(EpisodeSampler(other, [1, 2], 3, (2,)), other, 4, absent=2))
    shared[3] = str(tmp_path / "other")
    evaluate.main([*shared, "--device", "cpu", "--list", str(path), "--shots", "2", "--out", str(figures)])
    found = json.loads(figures.read_text())
    assert set(found["perClass"]) == {"1", "2"} and 0 <= found["emptyWhenAbsent"] <= 100


def test_ignored_pixels_stay_apart_when_masks_are_resized() -> None:
    mask = np.zeros((40, 30), np.uint8)
    mask[10:20, 5:20], mask[20:22] = 9, 255
    found = square_mask(mask, 9, 17)
    assert set(found.unique().tolist()) == {0, 1, 255}


def test_a_wrong_option_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run_command(lambda: train.main(["nonsense", "--data", str(tmp_path), "--out", str(tmp_path)]))
    assert capsys.readouterr().err.startswith("error: no row nonsense")
