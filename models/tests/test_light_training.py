"""The light model's training: pictures, pool, episodes, losses, resume, evaluation, on a tiny data set drawn here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from exemplar_models.backbone import FEATURES
from exemplar_models.light import calibrate, evaluate, presence, train
from exemplar_models.light.device_backbone import DeviceBackbone
from exemplar_models.light.head import LightMSDNet
from exemplar_models.light.losses import mask_loss, segmentation_loss
from exemplar_models.light.pictures import Photo, colour_regions, crop, cut_outs, paste, random_kind, scene
from exemplar_models.light.pool import (
    CCP_OFFSET,
    DeviceStore,
    Jobs,
    PictureBook,
    PoolConfig,
    allowed_names,
    assemble,
    backbone_session,
    build_pool,
    network_input,
    read_photos,
)
from exemplar_models.light.sampling import CLASSES, INSTANCES, Mix, Sampler, degrade
from exemplar_models.light.zoom import bounds, zoom_region
from exemplar_models.metrics import presence_auc


def write_set(folder: Path, name: str, classes: dict[str, str], count: int, seed: int) -> None:
    """Photos with a disc (class 1), a square (2) and, in every fourth, a stripe (3); one corner is unknown (255)."""
    rng = np.random.default_rng(seed)
    items = []
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for i in range(count):
        rgb = rng.integers(90, 150, (160, 200, 3)).astype(np.uint8)
        mask = np.zeros((160, 200), np.uint8)
        y, x = np.mgrid[0:160, 0:200]
        cy, cx = rng.integers(40, 110), rng.integers(40, 80)
        shapes = {1: (y - cy) ** 2 + (x - cx) ** 2 < 30**2, 2: (abs(y - cy) < 25) & (abs(x - cx - 80) < 25)}
        if i % 4 == 3:
            shapes[3] = y > 150
        for c, where in shapes.items():
            rgb[where] = np.asarray([(220, 40, 40), (40, 60, 220), (40, 220, 60)][c - 1]) + rng.integers(-20, 20, 3)
            mask[where] = c
        mask[:8, :8] = 255
        Image.fromarray(rgb).save(folder / "images" / f"{i}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{i}.png")
        ids, sizes = np.unique(mask[(mask > 0) & (mask < 255)], return_counts=True)
        px = {str(c): int(n) for c, n in zip(ids, sizes, strict=True)}
        items.append(
            {
                "image": f"images/{i}.png",
                "mask": f"masks/{i}.png",
                "class_ids": [int(c) for c in ids],
                "px": px,
                "w": 200,
                "h": 160,
            }
        )
    (folder / "manifest.json").write_text(json.dumps({"name": name, "classes": classes, "items": items}))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_set(folder / "coco_small", "coco_small", {"1": "round", "2": "square", "3": "cat"}, 9, 1)
    write_set(folder / "ccp", "ccp", {"0": "null", "1": "bag", "2": "purse", "3": "tie"}, 6, 2)
    return folder


def small_pool(**changes: object) -> PoolConfig:
    known: dict[str, object] = {
        "size": 128,
        "crops": 3,
        "ccp_photos": 5,
        "ccp_crops": 1,
        "composites": 24,
        "scenes": 8,
        "kinds": 10,
        "cut_outs": 6,
    }
    return PoolConfig(**{**known, **changes})  # type: ignore[arg-type]


def test_photos_with_held_out_classes_are_left_out(data: Path) -> None:
    assert allowed_names(data / "coco_small", ("cat",)) == [f"{i}.png" for i in range(9) if i % 4 != 3]
    assert "3.png" not in allowed_names(data / "ccp", ("Tie",))


def test_synonyms_are_one_class_and_unknown_stays_unknown(data: Path) -> None:
    photo = read_photos(data / "ccp", ["0.png"], 1, CCP_OFFSET)[0]
    assert set(np.unique(photo.classes)) == {0, CCP_OFFSET + 1, 255}


def photo_of(seed: int = 0) -> Photo:
    rgb = np.full((120, 160, 3), 100, np.uint8)
    classes = np.zeros((120, 160), np.uint8)
    classes[30:90, 40:100] = 7
    rgb[classes == 7] = (200, 30, 30)
    return Photo("photo", rgb, classes, colour_regions(rgb, np.random.default_rng(seed)))


def test_a_crop_keeps_labels_on_their_pixels() -> None:
    for seed in range(8):
        picture = crop(photo_of(), 3, 128, np.random.default_rng(seed))
        assert picture.rgb.shape == (128, 128, 3)
        assert picture.classes.shape == (64, 64)
        red = picture.rgb[1::2, 1::2, 0].astype(int) - picture.rgb[1::2, 1::2, 2] > 60
        agreement = (red == (picture.classes == 7)).mean()
        assert agreement > 0.95, seed


def test_pasting_changes_pixels_and_labels_in_the_same_place() -> None:
    rng = np.random.default_rng(5)
    cuts = cut_outs(photo_of())
    assert [c.class_id for c in cuts] == [7]
    blank = Photo(
        "blank", np.full((90, 90, 3), 20, np.uint8), np.zeros((90, 90), np.uint8), np.ones((90, 90), np.uint8)
    )
    picture = crop(blank, 0, 128, rng, plain=True)
    paste(picture, cuts[0], 11, rng)
    changed = picture.rgb[1::2, 1::2, 0] > 60
    assert changed.any()
    assert ((picture.instances == 11) == changed).mean() > 0.97
    assert (picture.classes[picture.instances == 11] == 7).all()
    assert (picture.regions[picture.instances == 11] == 0).all()


def test_a_scene_shows_its_kinds() -> None:
    rng = np.random.default_rng(3)
    picture = scene([random_kind(rng) for _ in range(5)], 100, 9, 128, rng)
    found = set(np.unique(picture.instances)) - {0}
    assert found
    assert found <= set(range(100, 105))


def test_a_pool_is_the_same_each_time_and_read_back(data: Path, tmp_path: Path) -> None:
    first = build_pool(small_pool(), data, tmp_path / "a", 1)
    second = build_pool(small_pool(), data, tmp_path / "b", 1)
    again = build_pool(small_pool(), data, tmp_path / "a", 1)
    for other in (second, again):
        assert torch.equal(first.labels.classes, other.labels.classes)
        assert torch.equal(first.features["s32"], other.features["s32"])
    before = first.labels.classes.clone()
    assert len(again.base) == len(PictureBook(small_pool(), data, Jobs(1)))
    changed = build_pool(small_pool(seed=2), data, tmp_path / "a", 1)
    assert not torch.equal(before, changed.labels.classes)


@pytest.fixture(scope="module")
def sampler(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    pool = build_pool(small_pool(), data, tmp_path_factory.mktemp("pool"), 1)
    return Sampler(pool, Mix(), 4)


def test_episodes_are_what_they_say(sampler: Sampler) -> None:
    pool = sampler.pool
    kinds = set()
    absent = 0
    for i in range(300):
        draw = sampler.draw(np.random.default_rng([1, i]), 2)
        kinds.add(draw.kind)
        labels = pool.labels[draw.kind]
        if draw.kind == CLASSES and draw.label < CCP_OFFSET:
            assert all(pool.source[v] == 0 for v in (draw.query, *draw.supports))
        if draw.present:
            assert (labels[draw.query] == draw.label).any()
        else:
            absent += 1
            assert not (labels[draw.query] == draw.label).any()
        if draw.kind in (CLASSES, INSTANCES):
            assert all((labels[v] == draw.label).any() for v in draw.supports)
        assert draw.query not in draw.supports
    assert kinds == {0, 1, 2}
    assert 5 < absent < 60


def test_a_class_is_asked_for_where_the_photo_itself_shows_it(sampler: Sampler) -> None:
    """A composite counts as one more photo of the class pasted in: by chance nearly all would be composites."""
    labels = np.zeros((12, 4, 4), np.uint8)
    labels[:, 1:3, 1:3] = 1
    pasted = np.where(np.arange(12)[:, None, None] >= 3, labels, 0).astype(np.int16)
    maps = {"classes": labels, "instances": pasted, "regions": labels * 0}
    pool = assemble(PoolConfig(), {}, maps, np.arange(12), np.zeros(12, np.uint8), torch.device("cpu"))
    chosen = Sampler(pool, Mix(ccp=0, instances=0, regions=0, drawn=0), 4)
    draws = [chosen.draw(np.random.default_rng([2, i]), 2) for i in range(100)]
    assert {v for d in draws for v in (d.query, *d.supports) if d.present} == {0, 1, 2}
    # What a pool on disk says of its pictures.
    for v, found in enumerate(sampler.pool.own_shares):
        own_labels = sampler.pool.labels.classes[v][sampler.pool.labels.instances[v] == 0]
        assert set(found) == set(own_labels.unique().tolist())


def test_dropped_channels_are_gone_from_query_and_supports_alike(sampler: Sampler) -> None:
    whole = Sampler(sampler.pool, replace(sampler.mix, channel_drop=0.0), 4).batch(3, 4, 2)
    found = Sampler(sampler.pool, replace(sampler.mix, channel_drop=0.4), 4).batch(3, 4, 2)
    gone = (found.features.s8 == 0).all(dim=(2, 3)) & ~(whole.features.s8 == 0).all(dim=(2, 3))
    assert 0.2 < gone.float().mean() < 0.6
    assert not (gone == gone[:1]).all()
    for k in range(2):
        assert torch.equal((found.support.pooled[:, k, 1, :48] == 0), gone)
    fine = found.support.tokens[..., :120].abs().sum(1)
    assert torch.equal(fine == 0, (found.features.s16b == 0).all(dim=(2, 3)))
    assert found.features.s8.mean() == pytest.approx(whole.features.s8.mean().item(), abs=0.5)


def test_a_batch_repeats_and_has_the_shapes(sampler: Sampler) -> None:
    one, two = sampler.batch(5, 3, 2), sampler.batch(5, 3, 2)
    assert torch.equal(one.target, two.target)
    assert torch.equal(one.support.tokens, two.support.tokens)
    assert one.features.s8.shape == (3, 48, 16, 16)
    assert one.target.shape == (3, 1, 32, 32)
    assert one.support.tokens.shape == (3, 2 * 64, 472)
    assert one.support.pooled.shape == (3, 2, 3, 256)


def test_careless_masks_are_never_empty() -> None:
    mask = torch.zeros(40, 40)
    mask[10:12, 10:12] = 1
    for seed in range(30):
        assert degrade(mask, np.random.default_rng(seed)).sum() > 0
        # A support of a colour region may lack it.
        assert degrade(torch.zeros(20, 20), np.random.default_rng(seed)).sum() == 0


def test_loss_by_hand() -> None:
    logits = torch.tensor([0.3, -1.2, 2.0, 0.1]).reshape(1, 1, 2, 2).requires_grad_()
    target = torch.tensor([1.0, 0, 1, 0]).reshape(1, 1, 2, 2)
    valid = torch.tensor([1.0, 1, 1, 0]).reshape(1, 1, 2, 2)
    p = [1 / (1 + np.exp(-v)) for v in (0.3, -1.2, 2.0)]
    cross = (-2 * np.log(p[0]) - np.log(1 - p[1]) - 2 * np.log(p[2])) / 5
    dice = 1 - (2 * (p[0] + p[2]) + 1) / (sum(p) + 2 + 1)
    assert mask_loss(logits, target, valid, 2.0).item() == pytest.approx(cross + dice, rel=1e-5)
    empty = mask_loss(logits, torch.zeros_like(target), valid, 2.0)
    empty.backward()
    assert logits.grad is not None
    assert (logits.grad.flatten()[:3] > 0).all()  # absence is taught by the cross-entropy
    assert logits.grad.flatten()[3] == 0
    both = segmentation_loss(logits, logits[:, :, :1, :1] * 0, target, torch.ones_like(target))
    small = F.avg_pool2d(target, 2)
    expected = mask_loss(logits, target, torch.ones_like(target), 2.0)
    expected = expected + 0.4 * mask_loss(logits[:, :, :1, :1] * 0, small, torch.ones_like(small), 2.0)
    assert both.item() == pytest.approx(expected.item(), rel=1e-6)


def test_training_resumes_bit_for_bit_and_evaluates(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "pool_config", lambda recipe, size: small_pool(held_out=recipe.held_out))
    monkeypatch.setattr(train, "LOG_EVERY", 1)
    recipe = train.Recipe(
        "tiny", ("cat",), stages=(train.Stage(128, 16, 1e-3, warmup=2), train.Stage(128, 8, 5e-4)), batch=2
    )

    def run(name: str, *, resume: bool = False) -> dict[str, torch.Tensor]:
        path = train.train(
            recipe, data, tmp_path / "pools", tmp_path / name, 3, device=torch.device("cpu"), amp=False, resume=resume
        )
        return {k: v for k, v in torch.load(path, weights_only=True)["weights"].items()}

    whole = run("whole")
    saved: list[Path] = []

    def stop(path: Path, state: dict[str, object]) -> None:
        original(path, state)
        if path.name == "state.pt":
            saved.append(path)
            raise KeyboardInterrupt

    original = train.save_checkpoint
    monkeypatch.setattr(train, "save_checkpoint", stop)
    with pytest.raises(KeyboardInterrupt):
        run("cut")
    monkeypatch.setattr(train, "save_checkpoint", original)
    assert saved
    resumed = run("cut", resume=True)
    for name, value in whole.items():
        assert torch.equal(value, resumed[name]), name
    assert (tmp_path / "cut" / "log.csv").read_text().count("\n") == 13
    net = train.load_weights(tmp_path / "cut" / "weights.pt")
    data_set = evaluate.FolderSet(data / "coco_small")
    evaluator = evaluate.Evaluator(net, data_set, 1, area=192 * 192)
    episode = evaluate.Episode(1, "0.png", ("1.png", "2.png"))
    answer = evaluator.answer(episode)
    assert 0 <= answer.presence <= 1
    counts = evaluate.decide(answer, data_set, evaluate.Decision(0.5))
    assert counts.valid == 160 * 200 - 64
    gone = evaluate.decide(answer, data_set, evaluate.Decision(0.5, presence=1.1))
    assert gone.predicted == 0
    recipe_found = calibrate.choose(
        {1: ([answer] * 4, [answer] * 2), 5: ([answer], [answer])}, data_set, {1: 0.9, 5: 0.95}
    )
    assert set(recipe_found) == {"tokensPerSupport", "threshold", "presenceThresholds", "calibration"}
    # Each number of shots has a threshold of its own.
    assert [each["supports"] for each in recipe_found["presenceThresholds"]] == [1, 5]


def test_an_example_is_its_whole_photo_and_the_enlarged_surroundings_of_its_outline(data: Path, tmp_path: Path) -> None:
    whole = evaluate.FolderSet(data / "coco_small")
    outline = bounds(whole.mask("1.png") == 2)
    assert outline is not None
    region = zoom_region(outline, 200, 160)
    assert region is not None
    # The surroundings as a photo of their own.
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        with Image.open(data / "coco_small" / part / "1.png") as picture:
            Image.fromarray(region.cut(np.asarray(picture))).save(tmp_path / part / "1.png")
    item = {"image": "images/1.png", "mask": "masks/1.png", "px": {"2": 2500}, "w": region.width, "h": region.height}
    (tmp_path / "manifest.json").write_text(json.dumps({"name": "cut", "classes": {"2": "square"}, "items": [item]}))
    close = evaluate.FolderSet(tmp_path)

    net, area = LightMSDNet(), 192 * 192

    def support(data_set: evaluate.FolderSet, cap: int, zoom: bool) -> evaluate.Support:
        return evaluate.Evaluator(net, data_set, 1, area, cap, zoom=zoom).support("1.png", 2)

    both = support(whole, 100, True)
    halves = [support(whole, 50, False), support(close, 50, False)]
    assert [half.tokens.shape[1] for half in halves] == [50, 50]
    for name in both._fields:
        expected = torch.cat([getattr(half, name) for half in halves], dim=1)
        assert torch.equal(getattr(both, name), expected), name
    # All of its tokens where there is nothing to zoom.
    large = support(close, 100, True)
    assert (large.tokens.shape[1], large.pooled.shape[1]) == (100, 1)


def test_logistic_regression_finds_what_made_it() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 3))
    w = np.asarray([0.3, 1.0, -0.5, 0.2])
    quality = 1 / (1 + np.exp(-(w[0] + x @ w[1:])))
    np.testing.assert_allclose(presence.logistic(x, quality, 1e-6), w, atol=1e-3)


def test_the_presence_layers_give_the_verdict_folded_into_them() -> None:
    torch.manual_seed(2)
    head = LightMSDNet().head
    rng = np.random.default_rng(1)
    figures = rng.normal(size=(200, 17 + 64 + 4))
    there = figures[:, 3] + 0.3 * rng.normal(size=200) > 0.4
    verdict = presence.fit_verdict(figures, there, 1.0)
    presence.fold_verdict(head, verdict)
    with torch.no_grad():
        found = head.presence(torch.from_numpy(figures).float())[:, 0].numpy()
    np.testing.assert_allclose(found, verdict.logits(figures), atol=1e-4)
    assert presence_auc(list(found[there]), list(found[~there])) > 0.95
    assert calibrate.unseen_auc(figures, there, np.arange(200) % 5, 1.0) > 0.9


def test_recipes_hold_out_by_name(data: Path) -> None:
    known = train.recipes(data)
    assert known["strict-fold3"].held_out == ()  # ids 1 to 3: none has (id - 1) mod 4 = 3
    assert known["strict-fold2"].held_out == ("cat",)
    assert {"bag", "purse", "tie", "handbag"} <= set(known["strict-no-ccp"].held_out)
    assert known["shipped"].held_out == ()


def test_processes_make_the_same_pictures(data: Path) -> None:
    alone, together = (PictureBook(small_pool(), data, Jobs(workers)) for workers in (1, 2))
    assert len(alone) == len(together)
    for (one, source), (other, other_source) in zip(
        Jobs(1)(alone.picture, len(alone)), Jobs(2)(together.picture, len(together)), strict=True
    ):
        assert source == other_source
        np.testing.assert_array_equal(one.rgb, other.rgb)
        np.testing.assert_array_equal(one.instances, other.instances)


def test_features_made_on_a_device_are_those_of_the_runtime() -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (2, 128, 192, 3)).astype(np.uint8)
    store = DeviceStore(128, 2, torch.device("cpu"))
    expected = backbone_session(1).run([spec.name for spec in FEATURES], {"image": network_input(rgb)})
    for found, wanted in zip(store.backbone(torch.from_numpy(rgb)), expected, strict=True):
        # Half precision is what both keep.
        np.testing.assert_allclose(found.float().numpy(), wanted, rtol=1e-3, atol=2e-3)
    store.add(rgb[:, :, :128])
    assert store.done == 2
    assert store.features["s8"].shape == (2, 48, 16, 16)


def test_a_graph_that_a_device_cannot_run_is_refused(tmp_path: Path) -> None:
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    path = tmp_path / "relu.onnx"
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "g", [value], [])), path)
    with pytest.raises(ValueError, match=r"relu\.onnx .* Relu"):
        DeviceBackbone(path, torch.device("cpu"))
