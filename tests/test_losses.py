"""The U-Net's losses against hand-worked cases and against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from train.losses import bce_loss, competition_loss, dice_loss, union_loss


def test_bce_leaves_unlabelled_channels_out():
    logits = torch.tensor([[[[0.0]], [[50.0]]]])
    target, labelled = torch.zeros(1, 2, 1, 1), torch.tensor([[1.0, 0.0]])
    assert bce_loss(logits, target, labelled).item() == pytest.approx(np.log(2))


def test_dice_of_perfect_and_of_wrong_masks():
    target = torch.zeros(1, 1, 10, 10)
    target[..., :5] = 1
    labelled = torch.ones(1, 1)
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
    loss = competition_loss(logits, target, torch.tensor([[1.0, 0.0]]))
    garment, background = (4 / 1) ** 0.5, (4 / 3) ** 0.5
    per_pixel = [np.log(1 + np.exp(-2)), np.log(2)]
    expected = (garment * per_pixel[0] + 3 * background * per_pixel[1]) / (garment + 3 * background)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
