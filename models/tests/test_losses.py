"""Losses against naive loops; Dice cannot teach absence."""

from __future__ import annotations

import math

import pytest
import torch

from exemplar_models.losses import DiceForm, bce_loss, dice_loss


def example() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    logits = torch.randn(2, 1, 4, 5)
    target = torch.randint(0, 2, (2, 1, 4, 5)).to(torch.uint8)
    target[0, 0, 0, :3] = 255
    return logits, target


@pytest.mark.parametrize(("form", "power"), [("linear", 1), ("squared", 2)])
def test_dice_against_a_loop(form: DiceForm, power: int) -> None:
    logits, target = example()
    losses = []
    for b in range(2):
        both = mass = 0.0
        for s, g in zip(logits[b].flatten().tolist(), target[b].flatten().tolist(), strict=True):
            if g != 255:
                p = 1 / (1 + math.exp(-s))
                both += p * g
                mass += p**power + g**power
        losses.append(1 - 2 * both / mass)
    assert float(dice_loss(logits, target, form)) == pytest.approx(sum(losses) / 2, rel=1e-5)


def test_bce_against_a_loop() -> None:
    logits, target = example()
    means = []
    for b in range(2):
        terms = []
        for s, g in zip(logits[b].flatten().tolist(), target[b].flatten().tolist(), strict=True):
            if g != 255:
                p = 1 / (1 + math.exp(-s))
                terms.append(-3 * math.log(p) if g else -math.log(1 - p))
        means.append(sum(terms) / len(terms))
    assert float(bce_loss(logits, target, 3)) == pytest.approx(sum(means) / 2, rel=1e-5)


@pytest.mark.parametrize("form", ["linear", "squared"])
def test_an_empty_target_gives_dice_no_gradient_and_bce_one(form: DiceForm) -> None:
    logits = torch.randn(1, 1, 3, 3, requires_grad=True)
    empty = torch.zeros(1, 1, 3, 3, dtype=torch.uint8)
    loss = dice_loss(logits, empty, form)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert float(loss.detach()) == 1 and not gradient.any()
    (gradient,) = torch.autograd.grad(bce_loss(logits, empty), logits)
    assert (gradient > 0).all()


@pytest.mark.parametrize("loss", [bce_loss, dice_loss])
def test_ignored_pixels_have_no_gradient(loss: object) -> None:
    logits, target = example()
    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(logits, target), logits)  # type: ignore[operator]
    assert not gradient[target == 255].any()
    assert gradient[target != 255].all()


def test_an_image_without_compared_pixels_costs_nothing_but_the_constant() -> None:
    ignored = torch.full((1, 1, 2, 2), 255, dtype=torch.uint8)
    logits = torch.zeros(1, 1, 2, 2)
    assert float(bce_loss(logits, ignored)) == 0
    assert float(dice_loss(logits, ignored)) == 1
