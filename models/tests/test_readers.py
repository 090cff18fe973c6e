"""Readers on tiny made data sets in the true layouts, and on our folders where they are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_sets import make_folder, make_voc, picture

from exemplar_models.readers import CocoSet, FolderSet, PascalSet
from exemplar_models.readers.coco import COCO_CLASSES, CONTIGUOUS, coco_fold, decode_counts, decode_runs
from exemplar_models.readers.pascal import PASCAL_CLASSES, pascal_fold

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir() and not os.environ.get("CI"), reason="the data sets are not at hand (../shared/data)"
)


def test_folds() -> None:
    assert pascal_fold(0) == (1, 2, 3, 4, 5) and pascal_fold(3) == (16, 17, 18, 19, 20)
    assert [PASCAL_CLASSES[i - 1] for i in pascal_fold(2)] == ["diningtable", "dog", "horse", "motorbike", "person"]
    names = [COCO_CLASSES[i - 1] for i in coco_fold(3)]
    assert names[:3] == ["motorcycle", "truck", "stop sign"] and names[-1] == "toothbrush" and len(names) == 20
    assert sorted(i for k in range(4) for i in coco_fold(k)) == list(range(1, 81))
    for fold in (pascal_fold, coco_fold):
        with pytest.raises(ValueError, match="folds 0 to 3"):
            fold(4)


def test_pascal_layout(tmp_path: Path) -> None:
    make_voc(tmp_path / "VOCdevkit" / "VOC2012", (1, 6), train=3, val=2)
    cache = tmp_path / "index.json"
    train, val = PascalSet(tmp_path, "train", cache), PascalSet(tmp_path, "val")
    assert len(train.items) == 6 and len(val.items) == 4 and not train.without_sbd
    assert not set(train.items) & set(val.items)
    name = next(iter(train.items))
    mask = train.mask(name)
    assert train.items[name].pixels == {1: int((mask == 1).sum())} and (mask == 255).any()
    assert train.image(name).shape == (*mask.shape, 3)
    # Unchanged masks are not read a second time, changed ones are.
    reads: list[int] = []
    PascalSet(tmp_path, "train", cache, reads.append)
    assert reads == []
    path = tmp_path / "VOCdevkit" / "VOC2012" / "SegmentationClassAug" / f"{name}.png"
    Image.fromarray(np.full((65, 65), 3, np.uint8)).save(path)
    assert PascalSet(tmp_path, "train", cache, reads.append).items[name].pixels == {3: 65 * 65}
    assert reads == [1]


def test_pascal_without_lists_or_without_sbd(tmp_path: Path) -> None:
    root = make_voc(tmp_path, (1, 6), train=3, val=2)
    listed = list(PascalSet(tmp_path, "train").items)
    (root / "ImageSets" / "Segmentation" / "trainaug.txt").unlink()
    assert list(PascalSet(tmp_path, "train").items) == sorted(listed)
    for path in (root / "SegmentationClassAug").glob("*"):
        path.unlink()
    (root / "SegmentationClassAug").rmdir()
    without = PascalSet(tmp_path, "train")
    assert without.without_sbd and len(without.items) == 2


def test_pascal_refuses_colours_other_ids_and_other_layouts(tmp_path: Path) -> None:
    root = make_voc(tmp_path, (1,), train=2, val=1)
    path = next(iter((root / "SegmentationClassAug").glob("*.png")))
    Image.new("RGB", (65, 65)).save(path)
    with pytest.raises(ValueError, match="not class ids"):
        PascalSet(tmp_path, "train")
    Image.fromarray(np.full((65, 65), 21, np.uint8)).save(path)
    with pytest.raises(ValueError, match="not a VOC mask"):
        PascalSet(tmp_path, "train")
    with pytest.raises(FileNotFoundError, match="no JPEGImages"):
        PascalSet(tmp_path / "ImageSets", "train")


def make_coco_pngs(root: Path, ids: list[int]) -> list[str]:
    rng = np.random.default_rng(0)
    names = []
    for i, class_id in enumerate(ids):
        image, mask = picture(rng, class_id)
        name = f"COCO_train2014_{i:012d}"
        for folder in ("train2014", "annotations/train2014"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(root / "train2014" / f"{name}.jpg")
        Image.fromarray(mask).save(root / "annotations" / "train2014" / f"{name}.png")
        names.append(f"{name}.jpg")
    return names


def test_coco_layout_with_png_masks_and_the_raw_id_pitfall(tmp_path: Path) -> None:
    names = make_coco_pngs(tmp_path, [1, 80, 90])
    with pytest.raises(ValueError, match="raw category ids"):
        CocoSet(tmp_path, "train")
    raw = CocoSet(tmp_path, "train", ids="raw")
    # Raw 80 is the toaster, contiguous 71; raw 90 the toothbrush, contiguous 80.
    assert [list(raw.items[n].pixels) for n in names] == [[1], [71], [80]]
    assert raw.classes[71] == "toaster" and raw.classes[80] == "toothbrush"
    assert (raw.mask(names[1]) == 255).any()
    (tmp_path / "annotations" / "train2014" / names[2].replace("jpg", "png")).unlink()
    assert list(CocoSet(tmp_path, "train").items[names[1]].pixels) == [80]
    with pytest.raises(FileNotFoundError, match="val2014"):
        CocoSet(tmp_path, "val")


def test_contiguous_ids() -> None:
    assert CONTIGUOUS[13] == 12 and CONTIGUOUS[90] == 80 and len(CONTIGUOUS) == 80
    assert COCO_CLASSES[CONTIGUOUS[18] - 1] == "dog"


def test_coco_layout_with_instances(tmp_path: Path) -> None:
    (tmp_path / "val2014").mkdir()
    (tmp_path / "annotations").mkdir()
    Image.new("RGB", (12, 10)).save(tmp_path / "val2014" / "one.jpg")
    square = [2, 2, 9, 2, 9, 7, 2, 7]
    annotations = [
        # A small cup (raw 47, contiguous 42) before the dining table (raw 67, 61) it stands on: small lies on top.
        {"category_id": 47, "segmentation": [[4, 4, 6, 4, 6, 5, 4, 5]], "iscrowd": 0},
        {"category_id": 67, "segmentation": [square], "iscrowd": 0},
        # A crowd of people, rows 0..9 of columns 0..2, below everything.
        {"category_id": 1, "segmentation": {"counts": [0, 30, 90], "size": [10, 12]}, "iscrowd": 1},
    ]
    document = {
        "images": [{"id": 5, "file_name": "one.jpg", "width": 12, "height": 10}],
        "annotations": [{**a, "image_id": 5} for a in annotations],
    }
    (tmp_path / "annotations" / "instances_val2014.json").write_text(json.dumps(document))
    found = CocoSet(tmp_path, "val")
    mask = found.mask("one.jpg")
    expected = np.zeros((10, 12), np.uint8)
    expected[:, :3] = 255
    expected[2:8, 2:10] = 61
    expected[4:6, 4:7] = 42
    np.testing.assert_array_equal(mask, expected)
    assert dict(found.items["one.jpg"].pixels) == {42: 6, 61: 42}
    assert found.image("one.jpg").shape == (10, 12, 3)


def encode_counts(counts: list[int]) -> str:
    """COCO's compression, written from its description: the inverse of what is tested."""
    text = ""
    for i, count in enumerate(counts):
        value, more = count - counts[i - 2] if i > 2 else count, True
        while more:
            bits = value & 31
            value >>= 5
            more = not (value == -1 if bits & 16 else value == 0)
            text += chr(48 + (bits | 32 if more else bits))
    return text


def test_compressed_runs() -> None:
    counts = [5, 3, 1000, 2, 40, 70, 1]
    assert decode_counts(encode_counts(counts)) == counts
    assert decode_runs([1, 2, 3], 3, 2).tolist() == [[False, False], [True, False], [True, False]]
    with pytest.raises(ValueError, match="cover 5 of 6"):
        decode_runs([5], 3, 2)


def test_folder(tmp_path: Path) -> None:
    make_folder(tmp_path / "set", {1: "red", 2: "green"}, per_class=2)
    found = FolderSet(tmp_path / "set")
    assert found.name == "set" and len(found.items) == 4
    name = "01-00.png"
    assert found.items[name].pixels == {1: int((found.mask(name) == 1).sum())}
    assert found.items[name].shows(1, min_share=0.01) and not found.items[name].shows(2)
    assert found.items[name].lacks(2)
    (tmp_path / "set" / "manifest.json").write_text('{"name": "x", "classes": {}, "items": [{}]}')
    with pytest.raises(ValueError, match="not a data set manifest"):
        FolderSet(tmp_path / "set")


def test_orientation_follows_the_mask(tmp_path: Path) -> None:
    root = make_folder(tmp_path / "set", {1: "red"}, per_class=2)
    manifest = json.loads((root / "manifest.json").read_text())
    manifest["items"][0].update(w=40, h=60)
    (root / "manifest.json").write_text(json.dumps(manifest))
    turned = Image.new("RGB", (60, 40))
    turned.putpixel((0, 39), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(root / "images" / "01-00.png", exif=exif)
    image = FolderSet(root).image("01-00.png")
    assert image.shape == (60, 40, 3) and image[0, 0, 0] == 255
    Image.new("RGB", (61, 40)).save(root / "images" / "01-00.png")
    with pytest.raises(ValueError, match="61x40 px, its mask 40x60"):
        FolderSet(root).image("01-00.png")


@needs_shared
@pytest.mark.parametrize(("name", "images", "classes"), [("coco_small", 583, 80), ("ccp", 1004, 54)])
def test_our_folders(name: str, images: int, classes: int) -> None:
    found = FolderSet(SHARED / name)
    assert len(found.items) == images
    assert len({i for item in found.items.values() for i in item.pixels}) == classes
    # The manifest's counts are those of the masks.
    for item in list(found.items.values())[::150]:
        mask = found.mask(item.name)
        assert mask.shape == (item.height, item.width) == found.image(item.name).shape[:2]
        assert {i: int((mask == i).sum()) for i in item.pixels} == dict(item.pixels)
    assert sum(item.partial for item in found.items.values()) == (39 if name == "coco_small" else 0)
