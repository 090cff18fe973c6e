"""Episodes: what a sampler may draw, and frozen lists."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from test_readers import SHARED, needs_shared
from tiny_sets import make_folder

from exemplar_models.episodes import (
    EpisodeSampler,
    class_ids,
    classes_without,
    draw_list,
    read_episodes,
    strict_names,
    write_episodes,
)
from exemplar_models.readers import FolderSet
from exemplar_models.readers.coco import COCO_CLASSES, coco_fold

CLASSES = {1: "red", 2: "green", 3: "light-blue"}
FOLD_3 = [COCO_CLASSES[i - 1] for i in coco_fold(3)]


@pytest.fixture
def data_set(tmp_path: Path) -> FolderSet:
    return FolderSet(make_folder(tmp_path / "set", CLASSES, per_class=4))


def test_sampler_is_a_function_of_seed_and_number(data_set: FolderSet) -> None:
    first, second = (EpisodeSampler(data_set, CLASSES, 5, (1, 3), absent=0.2) for _ in range(2))
    other = EpisodeSampler(data_set, CLASSES, 6, (1, 3), absent=0.2)
    drawn = [first.episode(i) for i in range(200)]
    assert drawn == [second.episode(i) for i in reversed(range(200))][::-1]
    assert drawn != [other.episode(i) for i in range(200)]


def test_sampler_rules(data_set: FolderSet) -> None:
    sampler = EpisodeSampler(data_set, CLASSES, 1, (1, 3), absent=0.25)
    drawn = [sampler.episode(i) for i in range(1200)]
    for episode in drawn:
        assert episode.query not in episode.supports
        assert len(set(episode.supports)) == len(episode.supports)
        assert all(data_set.items[s].shows(episode.class_id) for s in episode.supports)
        assert data_set.items[episode.query].shows(episode.class_id) == episode.present
    assert Counter(len(e.supports) for e in drawn)[3] == pytest.approx(600, abs=80)
    assert sum(not e.present for e in drawn) == pytest.approx(300, abs=60)
    # Uniform over classes, whatever the number of their images.
    for count in Counter(e.class_id for e in drawn).values():
        assert count == pytest.approx(400, abs=70)


def test_supports_repeat_only_where_a_class_has_too_few(data_set: FolderSet) -> None:
    sampler = EpisodeSampler(data_set, [1], 1, (5,))
    episode = sampler.episode(0)
    assert len(episode.supports) == 5 and len(set(episode.supports)) == 3 and episode.query not in episode.supports


def test_sampler_limits(data_set: FolderSet) -> None:
    names = [n for n in data_set.items if n.startswith("01")]
    assert EpisodeSampler(data_set, CLASSES, 1, names=names).classes == (1,)
    with pytest.raises(ValueError, match="no class of set"):
        EpisodeSampler(data_set, CLASSES, 1, min_pixels=65 * 65)


def test_partial_images_are_never_a_negative(data_set: FolderSet) -> None:
    name = "01-00.png"
    data_set.items[name] = replace(data_set.items[name], partial=True)
    sampler = EpisodeSampler(data_set, CLASSES, 1, absent=1.0)
    drawn = [sampler.episode(i) for i in range(200)]
    assert all(e.query != name for e in drawn) and any(name in e.supports for e in drawn if e.class_id == 1)
    assert name not in strict_names(data_set, ["green"])
    assert name in strict_names(data_set, ["green"], drop_partial=False)


def test_classes_are_held_out_by_name(data_set: FolderSet) -> None:
    assert classes_without(data_set, ["Light Blue", "zebra"]) == (1, 2)
    assert class_ids(data_set, ["light_blue", "red"]) == (3, 1)
    with pytest.raises(ValueError, match="no class zebra"):
        class_ids(data_set, ["zebra"])
    assert all(n.startswith(("01", "02")) for n in strict_names(data_set, ["light blue"]))


def test_lists_are_written_deterministically_and_read_back(data_set: FolderSet, tmp_path: Path) -> None:
    sampler = EpisodeSampler(data_set, CLASSES, 3, (2,))
    drawn = draw_list(sampler, data_set, 9, absent=6, min_area=0.01)
    paths = tmp_path / "a.json", tmp_path / "b.json"
    hashes = [write_episodes(p, draw_list(sampler, data_set, 9, absent=6, min_area=0.01)) for p in paths]
    assert hashes[0] == hashes[1] and paths[0].read_bytes() == paths[1].read_bytes()
    found = read_episodes(paths[0], data_set)
    assert (found.present, found.absent, found.classes) == (drawn.present, drawn.absent, drawn.classes)
    assert all(data_set.items[e.query].lacks(e.class_id) and not e.present for e in found.absent)
    assert found.present[0].first(1).supports == found.present[0].supports[:1]
    with pytest.raises(ValueError, match="has 2 supports, not 3"):
        found.present[0].first(3)


def test_lists_that_do_not_fit_are_refused(data_set: FolderSet, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    good = draw_list(EpisodeSampler(data_set, CLASSES, 3), data_set, 3)
    write_episodes(path, good)
    document = json.loads(path.read_text())
    document["episodes"][0]["class_id"] = 2 if document["episodes"][0]["class_id"] != 2 else 1
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="was changed"):
        read_episodes(path)
    broken = replace(good.present[0], supports=(good.present[0].query,))
    write_episodes(path, replace(good, present=(broken,)))
    with pytest.raises(ValueError, match="query and support"):
        read_episodes(path)
    write_episodes(path, replace(good, classes={1: "blue"}))
    with pytest.raises(ValueError, match="calls class 1 blue"):
        read_episodes(path, data_set)
    write_episodes(path, replace(good, present=(replace(good.present[0], query="else.png"),)))
    with pytest.raises(ValueError, match=r"image else\.png"):
        read_episodes(path, data_set)


@needs_shared
@pytest.mark.parametrize("fold", [2, 3])
def test_frozen_lists(fold: int) -> None:
    data_set = FolderSet(SHARED / "coco_small")
    found = read_episodes(SHARED / "episodes" / f"coco_small_fold{fold}.json", data_set)
    assert (len(found.present), len(found.absent), len(found.one_shot_extra)) == (603, 201, 66)
    assert all(len(e.supports) == 5 for e in found.present)
    assert set(found.classes) <= set(coco_fold(fold))


@needs_shared
def test_strict_fold_3_has_the_published_numbers() -> None:
    coco, ccp = FolderSet(SHARED / "coco_small"), FolderSet(SHARED / "ccp")
    assert len(strict_names(coco, FOLD_3)) == 248
    assert len(strict_names(coco, FOLD_3, drop_partial=False)) == 287
    assert len(strict_names(ccp, FOLD_3)) == 1004 - 21
