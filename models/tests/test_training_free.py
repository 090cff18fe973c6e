"""The training-free predictor: definitions by hand, and the exported matcher against NumPy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from exemplar_models import training_free as tf
from exemplar_models.export_matcher import build_onnx
from exemplar_models.golden import write_predictor_golden

MODELS = Path(__file__).resolve().parent.parent


def random_tokens(rng: np.random.Generator, n: int) -> np.ndarray:
    return tf.unit(rng.standard_normal((n, 472))).astype(np.float32)


def test_input_sizes() -> None:
    assert tf.input_size(640, 480) == (512, 384)
    assert tf.input_size(640, 427) == (576, 384)
    assert tf.input_size(500, 500) == (448, 448)
    assert tf.input_size(480, 640) == (384, 512)


def test_coverage_by_hand() -> None:
    mask = np.zeros((3, 4))
    mask[0, :] = 1
    np.testing.assert_allclose(tf.coverage(mask, 2, 2), [[2 / 3, 2 / 3], [0, 0]], atol=1e-7)
    assert tf.coverage(np.ones((7, 5)), 3, 4).min() == pytest.approx(1)


def test_doubling_keeps_centres_between_pixels() -> None:
    np.testing.assert_allclose(tf.resize(np.array([[0.0, 4.0]]), 1, 4), [[0, 1, 3, 4]])


def test_tokens_are_unit_and_mix_both_cosines() -> None:
    rng = np.random.default_rng(0)
    fine = rng.standard_normal((120, 4, 6)).astype(np.float32)
    coarse = rng.standard_normal((352, 2, 3)).astype(np.float32)
    t = tf.tokens(fine, coarse)
    assert t.shape == (24, 472)
    np.testing.assert_allclose(np.linalg.norm(t, axis=1), 1, atol=1e-5)
    up = tf.resize(coarse, 4, 6)
    cosines = [tf.unit(x.reshape(len(x), -1).T) for x in (fine, up)]
    expected = np.mean([c[3] @ c[17] for c in cosines])
    assert t[3] @ t[17] == pytest.approx(expected, abs=1e-5)


def test_density_lies_between_best_match_and_mean() -> None:
    rng = np.random.default_rng(1)
    q, a = random_tokens(rng, 5), random_tokens(rng, 40)
    w = np.full((40, 2), 1 / 40, np.float32)
    found = tf.log_density(q, a, w)[:, 0]
    s = q @ a.T
    assert (found <= s.max(1) + 1e-6).all()
    assert (found >= s.mean(1) - 1e-6).all()


def test_merge_keeps_sums_and_only_merges_what_is_asked() -> None:
    rng = np.random.default_rng(2)
    t = random_tokens(rng, 12)
    t[5] = t[4]
    f = rng.random(12)
    f[5] = f[4]
    b = 1 - f
    merged, mf, mb = tf.merge(t, f, b, 11)
    assert len(merged) == 11
    np.testing.assert_allclose(merged[4], t[4], atol=1e-6)  # the twins were the pair chosen
    assert mf.sum() == pytest.approx(f.sum())
    assert mb.sum() == pytest.approx(b.sum())
    assert len(tf.merge(t, f, b, 2)[0]) == 2
    # As few as asked for, but never none, which it would not reach.
    assert len(tf.merge(t, f, b, 0)[0]) == 1


def test_quantising_changes_little() -> None:
    t = random_tokens(np.random.default_rng(3), 50)
    assert (t * tf.quantise(t)).sum(1).min() > 0.999


def test_matcher_equals_numpy() -> None:
    session = ort.InferenceSession(MODELS / "matcher.onnx", providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(4)
    for queries, supports in ((6, 9), (300, 500)):
        q = random_tokens(rng, queries)
        cells = random_tokens(rng, supports) + q[rng.integers(0, queries, supports)]
        c = rng.random(supports) * (rng.random(supports) > 0.5)
        s = tf.encode(tf.unit(cells).astype(np.float32), c, np.zeros(supports))
        w = np.stack([s.foreground / s.foreground.sum(), s.background / s.background.sum()], 1).astype(np.float32)
        (found,) = session.run(None, {"query": q, "support": s.tokens, "weights": w})
        np.testing.assert_allclose(found, tf.score(q, [s]), atol=1e-4)


def test_matcher_export_is_reproducible() -> None:
    assert build_onnx().SerializeToString(deterministic=True) == (MODELS / "matcher.onnx").read_bytes()


def test_golden_scores(tmp_path: Path) -> None:
    stored = json.loads((MODELS / "golden" / "training-free.json").read_text())
    found = json.loads(write_predictor_golden(tmp_path).read_text())
    assert stored["tokens"] == found["tokens"] == [540, 540]
    for key in ("score1", "score2", "firstToken", "foreground", "background"):
        np.testing.assert_allclose(stored[key], found[key], atol=1e-4)
    inside = np.zeros((24, 26), bool)
    inside[4:12, 6:16] = True
    score = np.reshape(stored["score2"], (24, 26))
    assert score[inside].mean() > score[~inside].mean() + 0.05


def test_suppression_keeps_seeded_regions_only() -> None:
    s = np.zeros((4, 6), np.float32)
    s[0, 0], s[1, 1] = 0.1, 0.2  # joined at a corner, seeded
    s[3, 4] = s[3, 5] = 0.1  # never reaches the seed
    found = tf.suppress(s)
    assert found[0, 0] == s[0, 0]
    assert found[1, 1] == s[1, 1]
    np.testing.assert_allclose(found[3, 4:], tf.SUPPRESSED)
    np.testing.assert_allclose(tf.suppress(np.zeros((2, 2))), 0)
