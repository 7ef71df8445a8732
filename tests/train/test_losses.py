"""The U-Net's losses against hand-worked cases and against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ewardrobe.datasets.samples import Sample
from train.loop.losses import bce_loss, competition_loss, dice_loss, union_loss
from train.unet import UNetConfig, UNetTask


def test_bce_leaves_unlabelled_channels_out():
    logits = torch.tensor([[[[0.0]], [[50.0]]]])
    target, labelled = torch.zeros(1, 2, 1, 1), torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)
    assert bce_loss(logits, target, labelled).item() == pytest.approx(np.log(2))


def test_dice_of_perfect_and_of_wrong_masks():
    target = torch.zeros(1, 1, 10, 10)
    target[..., :5] = 1
    labelled = torch.ones_like(target)
    assert dice_loss((target * 2 - 1) * 50, target, labelled).item() == pytest.approx(0, abs=1e-6)
    assert dice_loss((1 - target * 2) * 50, target, labelled).item() == pytest.approx(1 - 1 / 101)


def test_union_loss_is_the_cross_entropy_of_the_noisy_or():
    torch.manual_seed(0)
    logits, target = torch.randn(2, 5, 4, 4), (torch.rand(2, 5, 4, 4) > 0.7).float()
    some = 1 - (1 - torch.sigmoid(logits[:, :3])).prod(dim=1)
    expected = F.binary_cross_entropy(some, target[:, :3].amax(dim=1))
    assert union_loss(logits, target, 3).item() == pytest.approx(expected.item(), rel=1e-3)


def test_competition_loss_weighs_rare_labels_and_leaves_unlabelled_channels_out():
    logits = torch.tensor([[[[2.0, 0.0, 0.0, 0.0]], [[9.0, 9.0, 9.0, 9.0]]]])
    target = torch.tensor([[[[1.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 0.0]]]])
    labelled = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand_as(target)
    loss = competition_loss(logits, target, labelled)
    garment, background = (4 / 1) ** 0.5, (4 / 3) ** 0.5
    per_pixel = [np.log(1 + np.exp(-2)), np.log(2)]
    expected = (garment * per_pixel[0] + 3 * background * per_pixel[1]) / (garment + 3 * background)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("worn", [False, True])
def test_around_a_flat_garment_the_context_is_unknown(worn):
    mask = np.zeros((1, 8, 8), np.uint8)
    mask[0, :4] = 1
    parsing = np.where(mask[0], 3, 14).astype(np.uint8) if worn else None
    sample = Sample(np.zeros((8, 8, 3), np.uint8), mask, np.array([3]), parsing)
    _, target, known, presence = UNetTask(UNetConfig()).encode(sample)
    assert (known[:2] == 255).all() and (known[2:] == (255 if worn else 0)).all()
    assert (target[2, :2] == 255).all() and target[13].any() == worn
    assert presence.tolist() == [0, 0, 1] + [0] * 10
