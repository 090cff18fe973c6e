"""The gradient graph against PyTorch's autograd."""

from __future__ import annotations

import json
from pathlib import Path

import light_cases as cases
import numpy as np
import onnxruntime as ort
import pytest
import torch

from exemplar_models.light import gradient
from exemplar_models.light.golden import GRADIENT_CASES, Slope, autograd, gradient_record
from exemplar_models.light.graph import Graph
from exemplar_models.light.head import LightMSDNet
from exemplar_models.light.losses import segmentation_loss

MODELS = Path(__file__).resolve().parent.parent
SHAPES = gradient.weight_shapes()
WEIGHTS = gradient.synthetic_weights(SHAPES)


@pytest.fixture(scope="module")
def session() -> ort.InferenceSession:
    return cases.session(gradient.build_gradient(SHAPES))


def run(session: ort.InferenceSession, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {**inputs, **WEIGHTS}), strict=True))


def check(found: dict[str, np.ndarray], expected: Slope) -> None:
    assert found["loss"] == pytest.approx(expected.loss, rel=1e-5)
    np.testing.assert_allclose(found["logits"], expected.logits, atol=1e-4)
    assert set(SHAPES) == set(expected.gradients)
    for name in SHAPES:
        values, own = expected.gradients[name], found[gradient.PREFIX + name]
        assert own.shape == values.shape
        # Softmax stays the same when all keys move: that bias has gradient 0, and only rounding is there to compare.
        floor = 1e-7 if name == "transformer.attention.key.bias" else 0
        np.testing.assert_allclose(own, values, rtol=0, atol=1e-4 * np.abs(values).max() + floor, err_msg=name)
        assert name == "transformer.attention.key.bias" or np.abs(values).max() > 1e-6, name


@pytest.mark.parametrize(("height", "width", "supports"), GRADIENT_CASES)
def test_gradients_equal_autograd(session: ort.InferenceSession, height: int, width: int, supports: int) -> None:
    inputs = gradient.synthetic_inputs(height, width, supports)
    check(run(session, inputs), autograd(WEIGHTS, inputs))


def check_roughly(session: ort.InferenceSession, weights: dict[str, np.ndarray]) -> None:
    """With weights as they come some activations lie within rounding of a ReLU's corner, where autograd's choice is as
    good as this one. One such cell changes single entries by more than 1e-4 of the largest, but hardly their whole.
    """
    inputs = gradient.synthetic_inputs(48, 40, 3)
    trained = {name: weights[name] for name in SHAPES}
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {**inputs, **trained}), strict=True))
    expected = autograd(weights, inputs)
    assert found["loss"] == pytest.approx(expected.loss, rel=1e-5)
    largest = max(np.linalg.norm(values) for values in expected.gradients.values())
    for name in SHAPES:
        values = expected.gradients[name]
        apart = np.linalg.norm(found[gradient.PREFIX + name] - values)
        # A bias of all keys alike changes no softmax: its gradient is 0 but for rounding, which is small beside others.
        rounding = 1e-6 * largest if name == "transformer.attention.key.bias" else 1e-7
        assert apart <= 5e-3 * np.linalg.norm(values) + rounding, name


def test_gradients_at_ordinary_weights(session: ort.InferenceSession) -> None:
    head = cases.random_network().head
    check_roughly(session, {name: value.numpy() for name, value in head.state_dict().items()})


def test_gradients_at_shipped_weights(session: ort.InferenceSession) -> None:
    head = cases.shipped()[1].head
    check_roughly(session, {name: value.numpy() for name, value in head.state_dict().items()})


@pytest.mark.parametrize("case", ["empty target", "no negatives", "nothing known"])
def test_special_inputs(session: ort.InferenceSession, case: str) -> None:
    inputs = gradient.synthetic_inputs(24, 16, 2)
    if case == "empty target":
        inputs["target"][:] = 0
    elif case == "no negatives":
        inputs["present"][:, :, 2] = 0
        inputs["pooled"][:, :, 2] = 0
    else:
        inputs["valid"][:] = 0
    found, expected = run(session, inputs), autograd(WEIGHTS, inputs)
    if case == "nothing known":
        assert found["loss"] == expected.loss == 0
        assert all(not found[gradient.PREFIX + name].any() for name in SHAPES)
    else:
        check(found, expected)


def test_a_step_against_the_gradient_lowers_the_loss(session: ort.InferenceSession) -> None:
    inputs = gradient.synthetic_inputs(24, 24, 2)
    before = run(session, inputs)
    moved = {name: value - 1e-4 * before[gradient.PREFIX + name] for name, value in WEIGHTS.items()}
    after = session.run(["loss"], {**inputs, **moved})[0]
    squares = sum(float((before[gradient.PREFIX + name] ** 2).sum()) for name in SHAPES)
    assert before["loss"][0] - after[0] == pytest.approx(1e-4 * squares, rel=0.1)


def test_every_weight_but_the_presence_branch_has_a_gradient() -> None:
    names = {name for name, _ in LightMSDNet().head.named_parameters()}
    assert names - set(SHAPES) == {name for name in names if name.startswith("presence.")}
    assert len(names - set(SHAPES)) == 4


def test_presence_sends_no_gradient_into_the_head() -> None:
    """What the graph leaves out would change nothing but the presence branch."""
    torch.manual_seed(0)
    net = cases.random_network()
    query, support = cases.random_features(16, 16), cases.joined(16, 16, 2, True)
    net(query, support).presence.sum().backward()
    for name, weight in net.head.named_parameters():
        if name.startswith("presence."):
            assert weight.grad is not None and weight.grad.abs().max() > 0
        else:
            assert weight.grad is None or not weight.grad.any(), name


def test_golden_values_are_those_of_the_code() -> None:
    stored = json.loads((MODELS / "golden" / "msdnet-light-gradient.json").read_text())
    current = json.loads(json.dumps(gradient_record()))
    assert stored["note"] == current["note"]
    for old, new in zip(stored["cases"], current["cases"], strict=True):
        assert old["loss"] == pytest.approx(new["loss"], rel=1e-5)
        for a, b in zip(old["gradients"], new["gradients"], strict=True):
            assert (a["name"], a["places"]) == (b["name"], b["places"])
            np.testing.assert_allclose(a["values"], b["values"], rtol=0, atol=1e-5 * b["scale"] + 1e-7)


def test_loss_by_hand() -> None:
    """Two logits of a 2x2 map known, one of them foreground; the auxiliary map has no known cell."""
    logits = torch.tensor([[[[0.5, -1.0], [3.0, 3.0]]]])
    target = torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])
    valid = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
    p, q = 1 / (1 + np.exp(-0.5)), 1 / (1 + np.exp(1.0))
    cross = (2 * -np.log(p) - np.log(1 - q)) / 3
    dice = 1 - (2 * p + 1) / (p + q + 1 + 1)
    found = segmentation_loss(logits, torch.zeros(1, 1, 1, 1), target, valid, 2.0)
    assert float(found) == pytest.approx(cross + dice, abs=1e-6)


def test_equal_maxima_share_their_gradient() -> None:
    g = Graph()
    out = g.largest(g.track("x"))
    g.op("Identity", g.gradients({out: "d"})["x"], out="slope")
    session = cases.session(g.model("test", {"x": [3, "n"], "d": ["n"]}, {"slope": [3, "n"]}))
    x = np.array([[1, 2], [1, 5], [0, 4]], np.float32)
    found = session.run(None, {"x": x, "d": np.array([1, 10], np.float32)})[0]
    np.testing.assert_array_equal(found, [[0.5, 0], [0.5, 10], [0, 0]])


def test_resizing_and_its_way_back_are_adjoint() -> None:
    """<A x, y> = <x, A' y> for factors 2, 4 and 8 at sizes of one cell and more."""
    rng = np.random.default_rng(0)
    for factor in (2, 4, 8):
        g = Graph()
        out = g.enlarge(g.track("x"), factor)
        g.op("Identity", out, out="y")
        g.op("Identity", g.gradients({out: "d"})["x"], out="slope")
        small, large = [1, 2, "h", "w"], [1, 2, "H", "W"]
        session = cases.session(g.model("test", {"x": small, "d": large}, {"y": large, "slope": small}))
        for height, width in ((1, 3), (4, 2)):
            x = rng.standard_normal((1, 2, height, width)).astype(np.float32)
            d = rng.standard_normal((1, 2, factor * height, factor * width)).astype(np.float32)
            y, slope = session.run(None, {"x": x, "d": d})
            expected = torch.nn.functional.interpolate(torch.from_numpy(x), scale_factor=factor, mode="bilinear")
            np.testing.assert_allclose(y, expected.numpy(), atol=1e-5)
            assert float((y * d).sum()) == pytest.approx(float((x * slope).sum()), abs=1e-3)


def test_a_region_that_no_support_has_leaves_gradients_finite(session: ort.InferenceSession) -> None:
    """A mask over the whole image has no background: its prototype is zero, and so is its share of the gradient."""
    inputs = gradient.synthetic_inputs(16, 16, 1)
    inputs["present"][:, :, 1:] = 0
    inputs["pooled"][:, :, 1:] = 0
    found = run(session, inputs)
    assert all(np.isfinite(values).all() for values in found.values())
