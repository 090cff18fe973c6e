"""The paper configuration: published counts, equations against naive loops, switches."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from exemplar_models.network.decoder import ResidualBlock, ResidualDecoder
from exemplar_models.network.layers import count_parameters
from exemplar_models.network.paper import MSDNet, PaperConfig, PaperOutput
from exemplar_models.network.prior import best_cosine, prior_map
from exemplar_models.network.pyramid import Pyramid, pool_to_bins
from exemplar_models.paper_model import foreground
from exemplar_models.resnet import RESNETS, Features

RESNET_50 = RESNETS["resnet50"].channels
# EfficientNet-Lite2 with Conv3 and Conv4 of 48 + 120 channels, Conv5 of 352.
LITE_2 = (48, 120, 352)
TINY = (6, 8, 10)


@pytest.mark.parametrize(("channels", "head", "full"), [(RESNET_50, 734_864, 1_473_680), (LITE_2, 451_216, 1_190_032)])
def test_published_parameter_counts(channels: tuple[int, int, int], head: int, full: int) -> None:
    assert count_parameters(MSDNet(channels)) == full
    assert count_parameters(MSDNet(channels, PaperConfig(decoder=False))) == head


def test_published_parameter_counts_of_the_parts() -> None:
    net = MSDNet(RESNET_50)
    assert net.std is not None and net.decoder is not None
    assert count_parameters(net.merge_query) + count_parameters(net.merge_support) == 196_864
    assert count_parameters(net.reduce_conv5) == 131_200
    assert count_parameters(net.std) == 35_984
    assert count_parameters(net.decoder) == 738_816 == 8 * 73_856 + 4 * 36_992
    assert isinstance(net.join, Pyramid)
    parts = [count_parameters(p) for p in (net.join.enter, net.join.refine, net.join.descend, net.join.leave)]
    assert parts == [33_536, 295_936, 24_960, 16_384]


def test_prior_against_a_loop() -> None:
    torch.manual_seed(0)
    query, support = torch.randn(2, 5, 3, 4), torch.randn(2, 3, 5, 2, 3)
    mask = (torch.rand(2, 3, 1, 2, 3) > 0.5).float() * torch.rand(2, 3, 1, 2, 3)
    mask[0, 1] = 0
    # All matches of one support negative: a zero from outside the mask must not win.
    support[1, 2] = -query[1].mean((1, 2))[:, None, None]
    expected = torch.zeros(2, 1, 3, 4)
    for b in range(2):
        for k in range(3):
            raw = torch.zeros(3, 4)
            inside = [(i, j) for i in range(2) for j in range(3) if mask[b, k, 0, i, j] > 0]
            for y in range(3):
                for x in range(4):
                    if inside:
                        raw[y, x] = max(
                            float(F.cosine_similarity(query[b, :, y, x], support[b, k, :, i, j], dim=0))
                            for i, j in inside
                        )
            torch.testing.assert_close(best_cosine(query, support, mask)[b, k], raw, atol=1e-5, rtol=0)
            expected[b, 0] += (raw - raw.min()) / (raw.max() - raw.min() + 1e-7) / 3
    torch.testing.assert_close(prior_map(query, support, mask), expected, atol=1e-5, rtol=0)


def test_prior_of_empty_masks_is_zero() -> None:
    torch.manual_seed(0)
    found = prior_map(torch.randn(1, 5, 3, 4), torch.randn(1, 2, 5, 3, 4), torch.zeros(1, 2, 1, 3, 4))
    assert not found.any()


@pytest.mark.parametrize(
    ("size", "bins"), [((60, 60), (8, 8)), ((60, 60), (15, 30)), ((5, 7), (3, 2)), ((3, 4), (3, 4))]
)
def test_pooling_to_bins_against_a_loop(size: tuple[int, int], bins: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 2, *size, dtype=torch.float64)
    found = pool_to_bins(x, *bins)
    for i in range(bins[0]):
        for j in range(bins[1]):
            rows = slice(math.floor(i * size[0] / bins[0]), math.ceil((i + 1) * size[0] / bins[0]))
            columns = slice(math.floor(j * size[1] / bins[1]), math.ceil((j + 1) * size[1] / bins[1]))
            torch.testing.assert_close(found[:, :, i, j], x[:, :, rows, columns].mean((2, 3)))
    torch.testing.assert_close(found, F.adaptive_avg_pool2d(x, bins))


def test_pyramid_has_the_published_bins_at_60_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    from exemplar_models.network import pyramid

    asked: list[tuple[int, int]] = []

    def note(x: Tensor, height: int, width: int) -> Tensor:
        asked.append((height, width))
        return pool_to_bins(x, height, width)

    monkeypatch.setattr(pyramid, "pool_to_bins", note)
    assert Pyramid(4, 8).eval()(torch.randn(1, 4, 60, 60)).shape == (1, 8, 60, 60)
    assert asked == [(30, 30), (15, 15), (8, 8)]


@torch.no_grad()
def test_pyramid_against_its_equations() -> None:
    torch.manual_seed(0)
    net = Pyramid(4, 8).eval()
    x = torch.randn(1, 4, 9, 13)
    levels: list[Tensor] = []
    for level, divisor in enumerate((1, 2, 4, 8)):
        bins = math.ceil(9 / divisor), math.ceil(13 / divisor)
        y = net.enter[level](F.adaptive_avg_pool2d(x, bins))
        if levels:
            finer = F.interpolate(levels[-1], bins, mode="bilinear", align_corners=True)
            y = y + net.descend[level - 1](torch.cat([y, finer], 1))
        first, second = net.refine[level]
        levels.append(y + second(first(y)))
    whole = [F.interpolate(y, (9, 13), mode="bilinear", align_corners=True) for y in levels]
    expected = torch.einsum("oi,bihw->bohw", net.leave.weight[:, :, 0, 0], torch.cat(whole, 1))
    torch.testing.assert_close(net(x), expected, atol=1e-5, rtol=1e-5)


def naive_convolution(x: Tensor, weight: Tensor) -> Tensor:
    """3x3, zero padding: [I,H,W], [O,I,3,3] -> [O,H,W]."""
    height, width = x.shape[1:]
    out = torch.zeros(len(weight), height, width, dtype=x.dtype)
    for y in range(height):
        for z in range(width):
            for ky in range(3):
                for kx in range(3):
                    i, j = y + ky - 1, z + kx - 1
                    if 0 <= i < height and 0 <= j < width:
                        out[:, y, z] += weight[:, :, ky, kx] @ x[:, i, j]
    return out


@torch.no_grad()
def test_residual_block_against_a_loop() -> None:
    torch.manual_seed(0)
    block = ResidualBlock(3).double().eval()
    norm = block.convolution[1]
    for value in (norm.weight, norm.bias, norm.running_mean):
        value.copy_(torch.randn(3))
    norm.running_var.copy_(torch.rand(3) + 0.5)
    x, skip = torch.randn(1, 3, 4, 5, dtype=torch.float64), torch.randn(1, 3, 4, 5, dtype=torch.float64)
    inner = naive_convolution(torch.cat([x[0], skip[0]]), block.convolution[0].weight)
    scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps))[:, None, None]
    inner = (inner - norm.running_mean[:, None, None]) * scale + norm.bias[:, None, None]
    torch.testing.assert_close(block(x, skip)[0], x[0] + inner.clamp(min=0))


def test_decoder_quadruples_and_has_the_blocks_asked_for() -> None:
    for blocks in ((1, 1, 1), (2, 3, 3), (4, 4, 4)):
        net = ResidualDecoder(8, blocks).eval()
        assert net(torch.randn(2, 8, 3, 4), torch.randn(1, 8, 3, 4), torch.randn(1, 8, 3, 4)).shape == (2, 8, 12, 16)
        assert sum(isinstance(m, ResidualBlock) for m in net.modules()) == sum(blocks)


def maps(batch: int, height: int = 5, width: int = 6) -> Features:
    return Features(*(torch.randn(batch, c, height, width) for c in TINY))


@torch.no_grad()
def run(config: PaperConfig, seed: int = 0) -> PaperOutput:
    torch.manual_seed(seed)
    net = MSDNet(TINY, config).eval()
    torch.manual_seed(7)
    query, support = maps(2), maps(6)
    mask = (torch.rand(2, 3, 1, 40, 48) > 0.5).float()
    return net(query, support, mask)


@pytest.mark.parametrize(
    "config",
    [
        PaperConfig(),
        PaperConfig(cmgm=False, std=False, decoder=False),
        PaperConfig(std=False, decoder=False),
        PaperConfig(decoder=False),
        PaperConfig(pyramid=False),
        PaperConfig(skips="painted", skip_shots="first"),
        *(PaperConfig(blocks=(n, n, n)) for n in (1, 2, 4)),
    ],
)
def test_every_variant_answers(config: PaperConfig) -> None:
    out = run(config)
    side = (20, 24) if config.decoder else (5, 6)
    assert out.logits.shape == (2, 1, *side) and out.features.shape == (2, 64, *side)
    assert out.kernel.shape == (2, 64) and out.prior.shape == (2, 1, 5, 6)
    assert bool(out.prior.any()) == config.cmgm
    # The dot product of the kernel with every pixel's features, no bias.
    for y, x in ((0, 0), (2, 3)):
        torch.testing.assert_close(out.logits[1, 0, y, x], out.kernel[1] @ out.features[1, :, y, x])


def test_every_switch_changes_the_answer() -> None:
    whole = run(PaperConfig()).logits
    for change in ({"cmgm": False}, {"std": False}, {"pyramid": False}, {"skips": "painted"}, {"skip_shots": "first"}):
        assert not torch.equal(run(replace(PaperConfig(), **change)).logits, whole)


@torch.no_grad()
def test_prototype_and_kernel_without_std_are_the_mean_over_supports() -> None:
    torch.manual_seed(0)
    net = MSDNet(TINY, PaperConfig(std=False)).eval()
    query, support, mask = maps(1), maps(2), torch.ones(1, 2, 1, 5, 6)
    merged = net.merge_support(torch.cat([support.conv3, support.conv4], 1))
    expected = merged.sum((2, 3)) / (30 + 5e-4)
    torch.testing.assert_close(net(query, support, mask).kernel[0], expected.mean(0))


@torch.no_grad()
def test_supports_have_no_order_and_queries_can_share_them() -> None:
    torch.manual_seed(0)
    net = MSDNet(TINY).eval()
    query, support = maps(2), maps(3)
    mask = (torch.rand(3, 1, 5, 6) > 0.5).float()
    state = net.encode(support, mask)
    shared = net.decode(query, state)
    turned = net.encode(Features(*(x.flip(0) for x in support)), mask.flip(0))
    torch.testing.assert_close(net.decode(query, turned).logits, shared.logits, atol=1e-5, rtol=1e-5)
    own = Features(*(torch.cat([x, x]) for x in support))
    torch.testing.assert_close(net(query, own, torch.stack([mask, mask])).logits, shared.logits, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("config", [PaperConfig(), PaperConfig(skips="painted")])
@torch.no_grad()
def test_nothing_outside_the_support_masks_matters(config: PaperConfig) -> None:
    torch.manual_seed(0)
    net = MSDNet(TINY, config).eval()
    query, support = maps(1), maps(2)
    mask = (torch.rand(1, 2, 1, 5, 6) > 0.5).float()
    other = Features(*(torch.where(mask[0] > 0, x, torch.randn_like(x)) for x in support))
    torch.testing.assert_close(net(query, other, mask).logits, net(query, support, mask).logits)
    inside = Features(*(torch.where(mask[0] > 0, torch.randn_like(x), x) for x in support))
    assert not torch.allclose(net(query, inside, mask).logits, net(query, support, mask).logits, atol=1e-3)


@torch.no_grad()
def test_ignored_support_pixels_are_no_part_of_the_object() -> None:
    masks = torch.tensor([[0, 1, 255]], dtype=torch.uint8)
    assert foreground(masks).tolist() == [[0, 1, 0]]


@torch.no_grad()
def test_an_empty_support_mask_gives_a_finite_answer() -> None:
    torch.manual_seed(0)
    net = MSDNet(TINY).eval()
    out = net(maps(1), maps(1), torch.zeros(1, 1, 1, 5, 6))
    assert torch.isfinite(out.logits).all() and not out.prior.any()


def test_every_parameter_of_the_published_model_learns() -> None:
    torch.manual_seed(0)
    net = MSDNet(TINY)
    net(maps(2), maps(2), torch.ones(2, 1, 1, 5, 6)).logits.sigmoid().sum().backward()
    # Self-attention over one token is blind to its query and key: the degenerate part of the published count.
    # A key's bias shifts all scores alike and so changes no softmax.
    unused = {name for name, p in net.named_parameters() if p.grad is None or float(p.grad.abs().max()) < 1e-9}
    assert {n for n in unused if "self_attention" not in n} <= {"std.attention.key.bias"}
