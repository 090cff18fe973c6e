"""The light model's parts against naive loops over their definitions, and what must not change a result."""

from __future__ import annotations

import itertools
import math

import light_cases as cases
import numpy as np
import pytest
import torch

from exemplar_models import training_free as tf
from exemplar_models.light import pairs, priors
from exemplar_models.light.head import CHANNELS, GROUPS, LightMSDNet
from exemplar_models.light.support import Features, Support, bound, encode_support, join, tokens

Array = np.ndarray


@pytest.fixture(scope="module")
def net() -> LightMSDNet:
    return cases.random_network()


def cosine(a: Array, b: Array) -> float:
    return float(a @ b / (math.sqrt(a @ a) * math.sqrt(b @ b)))


def stretched(values: list[float]) -> list[float]:
    low, high = min(values), max(values)
    return [(v - low) / (high - low) for v in values]


def naive_priors(query: Array, support: Array, weights: Array) -> tuple[list[list[float]], list[float]]:
    """Maps and statistics of tokens [N,472] and [T,472] with weights [T,2], by the definition, in double precision."""
    n, t = len(query), len(support)
    shares = weights / weights.sum(0)
    fine = [[cosine(query[x, :120], support[y, :120]) for y in range(t)] for x in range(n)]
    coarse = [[cosine(query[x, 120:], support[y, 120:]) for y in range(t)] for x in range(n)]
    both = [[(fine[x][y] + coarse[x][y]) / 2 for y in range(t)] for x in range(n)]

    def density(level: list[list[float]], region: int, tau: float) -> list[float]:
        return [tau * math.log(sum(shares[y, region] * math.exp(row[y] / tau) for y in range(t))) for row in level]

    def difference(a: list[float], b: list[float]) -> list[float]:
        return [u - v for u, v in zip(a, b, strict=True)]

    def top_mean(values: list[float]) -> float:
        near = [math.exp((v - max(values)) / 0.05) for v in values]
        return sum(a * v for a, v in zip(near, values, strict=True)) / sum(near)

    maps: list[list[float]] = []
    statistics: list[float] = []
    last: list[float] = []
    for level in (fine, coarse, both):
        fg = density(level, 0, 0.04)
        last = difference(fg, density(level, 1, 0.04))
        maps += [[(v - 0.6) * 3 for v in fg], [5 * v for v in last], stretched(last)]
        found = sum(shares[y, 0] * max(level[x][y] for x in range(n)) for y in range(t))
        statistics += [max(fg), max(last), top_mean(last), found]
    sharp = density(both, 0, 0.02)
    sharp_difference = difference(sharp, density(both, 1, 0.02))
    label = []
    for x in range(n):
        near = [math.exp((both[x][y] - max(both[x])) / 0.04) for y in range(t)]
        inside = sum(near[y] * weights[y, 0] for y in range(t))
        label.append(inside / sum(near[y] * weights[y].sum() for y in range(t)))
    maps += [[(v - 0.6) * 3 for v in sharp], [5 * v for v in sharp_difference], stretched(sharp_difference), label]

    def unit(v: Array) -> Array:
        return v / math.sqrt(v @ v)

    fg, bg = (unit(sum(shares[y, r] * support[y] for y in range(t))) for r in (0, 1))
    against = [float(query[x] @ fg) for x in range(n)]
    prototype = difference(against, [float(query[x] @ bg) for x in range(n)])
    p = [1 / (1 + math.exp(-(v - 0.05) / 0.015)) for v in last]
    own_fg = unit(sum(p[x] ** 2 * query[x] for x in range(n)))
    own_bg = unit(sum((1 - p[x]) ** 2 * query[x] for x in range(n)))
    mixed_fg, mixed_bg = unit(own_fg / 2 + fg / 2), unit(own_bg / 2 + bg / 2)
    own = [float(query[x] @ mixed_fg - query[x] @ mixed_bg) for x in range(n)]
    mixed = [0.7 * a + 0.3 * b for a, b in zip(last, own, strict=True)]
    maps += [[(v - 0.6) * 3 for v in against], [5 * v for v in prototype], stretched(prototype), [5 * v for v in own]]
    maps += [[5 * v for v in mixed], stretched(mixed), p]
    statistics += [max(sharp_difference), max(own), max(mixed), top_mean(mixed), max(label)]
    return maps, statistics


@pytest.mark.parametrize(("height", "width", "count"), [(8, 8, 1), (8, 16, 2)])
def test_priors_by_naive_loops(height: int, width: int, count: int) -> None:
    torch.manual_seed(count)
    query = tokens(cases.random_features(height, width))
    support = cases.joined(height, width, count, True)
    weights = torch.stack([support.foreground[0], support.background[0]], dim=-1)
    maps, statistics = naive_priors(*(x.double().numpy() for x in (query[0], support.tokens[0], weights)))
    found = priors.prior_maps(query, support)
    assert found.maps.shape == (1, priors.PRIOR_MAPS, height * width // 4)
    assert found.statistics.shape == (1, priors.STATISTICS)
    np.testing.assert_allclose(found.maps[0], maps, atol=2e-4)
    np.testing.assert_allclose(found.statistics[0], statistics, atol=1e-4)


def test_support_by_naive_loops() -> None:
    torch.manual_seed(0)
    height, width = 8, 12
    features = cases.random_features(height, width)
    foreground, negative = cases.random_coverage(height, width), torch.zeros(1, 1, height, width)
    negative[..., 6:, 9:] = 0.5
    foreground = foreground * (negative == 0)
    found = encode_support(features, foreground, negative)
    maps = {name: value[0].double().numpy() for name, value in features._asdict().items()}
    fg, erased = foreground[0, 0].double().numpy(), negative[0, 0].double().numpy()
    background = np.maximum(1 - fg - erased, 0)
    upsampled = tf.resize(maps["s32"], height // 2, width // 2)
    for row, column in itertools.product(range(height // 2), range(width // 2)):
        at = row * (width // 2) + column
        cell = slice(2 * row, 2 * row + 2), slice(2 * column, 2 * column + 2)
        share = sum(fg[cell].ravel()) / 4
        assert float(found.foreground[0, at]) == pytest.approx(share**2, abs=1e-6)
        expected = (1 - share) ** 2 * (1 + 3 * sum(erased[cell].ravel()) / 4)
        assert float(found.background[0, at]) == pytest.approx(expected, abs=1e-6)
        halves = [maps["s16b"][:, row, column], upsampled[:, row, column]]
        token = np.concatenate([half / math.sqrt(half @ half) for half in halves]) / math.sqrt(2)
        np.testing.assert_allclose(found.tokens[0, at], token, atol=1e-6)
    for index, region in enumerate((fg, background, erased)):
        means: list[float] = []
        for name, step in (("s8", 1), ("s16a", 2), ("s16b", 2)):
            cells = region.reshape(height // step, step, width // step, step).mean((1, 3))
            means += [float((channel * cells).sum() / (cells.sum() + 5e-4)) for channel in maps[name]]
        np.testing.assert_allclose(found.pooled[0, 0, index], means, atol=1e-5)
        assert float(found.present[0, 0, index]) == (region.sum() > 0)


def test_bound_equals_merging() -> None:
    torch.manual_seed(4)
    height, width = 48, 56
    foreground, negative = cases.random_coverage(height, width), torch.zeros(1, 1, height, width)
    dense = encode_support(cases.random_features(height, width), foreground, negative)
    found = bound(dense, 540)
    values, fg, bg = tf.merge(*(x[0].numpy() for x in (dense.tokens, dense.foreground, dense.background)), 540)
    assert found.tokens.shape == (1, 540, 472)
    np.testing.assert_allclose(found.tokens[0], values, atol=1e-6)
    np.testing.assert_allclose(found.foreground[0], fg, atol=1e-6)
    np.testing.assert_allclose(found.background[0], bg, atol=1e-6)
    assert torch.equal(bound(found, 540).tokens, found.tokens)
    # More than half of the tokens gone takes several passes.
    few, fewer = (
        bound(dense, 100),
        tf.merge(*(x[0].numpy() for x in (dense.tokens, dense.foreground, dense.background)), 100),
    )
    np.testing.assert_allclose(few.foreground[0], fewer[1], atol=1e-5)
    np.testing.assert_allclose(few.tokens[0], fewer[0], atol=1e-5)


def test_group_cosines_by_naive_loops(net: LightMSDNet) -> None:
    torch.manual_seed(5)
    supports, height, width = 3, 3, 4
    merged, regions = torch.randn(1, CHANNELS, height, width), torch.randn(1, supports, 3, CHANNELS)
    present = torch.tensor([[[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]])
    means = torch.randn(1, 3, CHANNELS)
    found = net.head.cosines(merged, regions, means, present)[0].numpy()
    assert found.shape == (4 * GROUPS, height, width)
    for row, column, group in itertools.product(range(height), range(width), range(GROUPS)):
        part = slice(8 * group, 8 * group + 8)
        cell = merged[0, part, row, column].double().numpy()

        def with_cell(vector: torch.Tensor, part: slice = part, cell: Array = cell) -> float:
            return cosine(cell, vector[part].double().numpy())

        own = max(with_cell(regions[0, k, 0]) for k in range(supports) if present[0, k, 0] > 0)
        others = max(with_cell(regions[0, k, r]) for k in range(supports) for r in (1, 2) if present[0, k, r] > 0)
        expected = [with_cell(means[0, 0]), with_cell(means[0, 1]), own, others]
        np.testing.assert_allclose(found[group::GROUPS, row, column], expected, atol=1e-5)


def answer(net: LightMSDNet, query: Features, support: Support) -> list[torch.Tensor]:
    with torch.no_grad():
        return list(net(query, support))


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> None:
    for left, right in zip(a, b, strict=True):
        torch.testing.assert_close(left, right, rtol=0, atol=5e-5)


def test_order_of_supports_does_not_matter(net: LightMSDNet) -> None:
    torch.manual_seed(6)
    query, states = cases.random_features(24, 16), cases.random_supports(24, 16, 3, True)
    for order in ((1, 0, 2), (2, 1, 0)):
        same(answer(net, query, join(states)), answer(net, query, join([states[i] for i in order])))


def test_padding_changes_nothing(net: LightMSDNet) -> None:
    """Tokens of weight 0, even such as equal a query cell, and supports of which no region is present."""
    torch.manual_seed(7)
    query, support = cases.random_features(24, 16), cases.joined(24, 16, 2, True)
    extra = torch.cat([tokens(query)[:, :20], torch.zeros(1, 5, 472)], dim=1)
    padded = Support(
        torch.cat([support.tokens, extra], dim=1),
        torch.cat([support.foreground, torch.zeros(1, 25)], dim=1),
        torch.cat([support.background, torch.zeros(1, 25)], dim=1),
        torch.cat([support.pooled, torch.zeros(1, 1, 3, 256)], dim=1),
        torch.cat([support.present, torch.zeros(1, 1, 3)], dim=1),
    )
    plain, more = (priors.prior_maps(tokens(query), s) for s in (support, padded))
    torch.testing.assert_close(plain.maps, more.maps, rtol=0, atol=2e-5)
    torch.testing.assert_close(plain.statistics, more.statistics, rtol=0, atol=2e-5)
    same(answer(net, query, support), answer(net, query, padded))


def test_repeating_a_support_changes_no_prior_map() -> None:
    """Densities are means: the same support twice says what it says once."""
    torch.manual_seed(8)
    query, (state,) = tokens(cases.random_features(16, 16)), cases.random_supports(16, 16, 1, False)
    once, twice = priors.prior_maps(query, state), priors.prior_maps(query, join([state, state]))
    torch.testing.assert_close(once.maps, twice.maps, rtol=0, atol=2e-5)


@pytest.mark.parametrize("whole", [False, True])
def test_a_support_without_foreground_or_without_background(net: LightMSDNet, whole: bool) -> None:
    """Alone it gives finite answers; beside another support its missing region leaves that one's alone."""
    torch.manual_seed(9)
    query, (other,) = cases.random_features(16, 16), cases.random_supports(16, 16, 1, False)
    foreground = torch.full((1, 1, 16, 16), float(whole))
    state = encode_support(cases.random_features(16, 16), foreground, torch.zeros_like(foreground))
    missing = 1 if whole else 0
    assert state.present[0, 0].tolist() == ([1, 0, 0] if whole else [0, 1, 0])
    assert not state.pooled[0, 0, missing].any()
    assert not (state.background if whole else state.foreground).any()
    assert all(bool(value.isfinite().all()) for value in answer(net, query, state))
    pair = join([other, state])
    head = net.head
    regions, present = head.merged_pooled(pair.pooled), pair.present[..., None]
    means = (regions * present).sum(1) / present.sum(1).clamp_min(1e-6)
    torch.testing.assert_close(means[:, missing], head.merged_pooled(other.pooled)[:, 0, missing])
    assert all(bool(value.isfinite().all()) for value in answer(net, query, pair))


@pytest.mark.parametrize("region", [0, 1])
def test_training_survives_a_region_that_no_support_has(net: LightMSDNet, region: int) -> None:
    torch.manual_seed(10)
    query, (state,) = cases.random_features(16, 16), cases.random_supports(16, 16, 1, False)
    present = state.present.clone()
    present[:, :, region] = 0
    network = cases.random_network()
    network(query, state._replace(present=present)).logits.sum().backward()
    assert all(bool(p.grad.isfinite().all()) for p in network.parameters() if p.grad is not None)


def test_pairs_combine_to_the_maps_of_any_subset() -> None:
    torch.manual_seed(11)
    query, states = tokens(cases.random_features(24, 32)), cases.random_supports(24, 32, 4, True)
    cached = [pairs.pair(query, state) for state in states]
    for size in range(1, 5):
        for subset in itertools.combinations(range(4), size):
            expected = priors.prior_maps(query, join([states[i] for i in subset]))
            found = pairs.combine(query, [cached[i] for i in subset])
            torch.testing.assert_close(found.maps, expected.maps, rtol=0, atol=1e-5)
            torch.testing.assert_close(found.statistics, expected.statistics, rtol=0, atol=1e-5)
    expected = priors.prior_maps(query, join(states[:2]), background_prior=False)
    found = pairs.combine(query, cached[:2], background_prior=False)
    torch.testing.assert_close(found.maps, expected.maps, rtol=0, atol=1e-5)


def test_pairs_take_weights_of_supports() -> None:
    torch.manual_seed(12)
    query, states = tokens(cases.random_features(16, 16)), cases.random_supports(16, 16, 3, True)
    factors = (0.2, 1.7, 0.6)
    scaled = [
        state._replace(foreground=factor * state.foreground, background=factor * state.background)
        for state, factor in zip(states, factors, strict=True)
    ]
    found = pairs.combine(query, [pairs.pair(query, state) for state in states], factors)
    expected = priors.prior_maps(query, join(scaled))
    torch.testing.assert_close(found.maps, expected.maps, rtol=0, atol=1e-5)
    torch.testing.assert_close(found.statistics, expected.statistics, rtol=0, atol=1e-5)
