"""The U-Net's losses against hand-worked cases and against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ewardrobe.datasets.samples import Sample
from train.loop.losses import PartialBCE, bce_loss, competition_loss, dice_loss, partial_cross_entropy, union_loss
from train.unet import UNetConfig, UNetTask, labelled_pixels


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
    assert union_loss(logits, target, 3, torch.ones_like(target)).item() == pytest.approx(expected.item(), rel=1e-3)


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
    _, target, known, channels, presence, _ = UNetTask(UNetConfig()).encode(sample)
    labelled = labelled_pixels(torch.from_numpy(known)[None], torch.from_numpy(channels)[None])[0]
    assert labelled[:13].all() and labelled[13:, :2].all() and (labelled[13:, 2:] == worn).all()
    assert (target[2, :2] == 255).all() and target[13].any() == worn
    assert presence.tolist() == [0, 0, 1] + [0] * 13


def test_a_pixel_that_nobody_knows_is_in_no_loss():
    torch.manual_seed(0)
    target, labelled = torch.zeros(1, 19, 4, 4), torch.ones(1, 19, 4, 4)
    target[:, 2, :2], labelled[..., :, 3:] = 1, 0
    first, second = torch.randn(1, 19, 4, 4), torch.randn(1, 19, 4, 4)
    second[..., :3] = first[..., :3]
    for loss in (bce_loss, dice_loss, competition_loss, lambda *a: union_loss(*a[:2], 13, a[2])):
        assert loss(first, target, labelled).item() == pytest.approx(loss(second, target, labelled).item())
    nothing = torch.zeros_like(labelled)
    for loss in (bce_loss, dice_loss, competition_loss, lambda *a: union_loss(*a[:2], 13, a[2])):
        assert loss(first, target, nothing).item() == 0


def test_partial_losses_do_not_punish_what_is_unlabelled():
    judge = PartialBCE()
    judge.weight = torch.tensor([1.0, 0.0])
    losses = judge(torch.full((3, 2), 5.0), torch.tensor([[0.0, 0.0], [0.5, 0.0], [0.0, 0.5]]))
    assert losses[0, 0] > 5 and losses[0, 1] == 0 and losses[1, 1] == 0
    assert losses[2, 1] > 0, "what is there is known"
    logits, labels = torch.tensor([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]), torch.tensor([0, 1])
    none = torch.zeros(2, 3, dtype=torch.bool)
    assert partial_cross_entropy(logits, labels, none).item() == pytest.approx(F.cross_entropy(logits, labels).item())
    bags = torch.tensor([[False, False, True]] * 2)
    p = torch.softmax(logits[0], 0)
    expected = -(torch.log(p[0] + p[2]) + torch.log(p[1])) / 2
    assert partial_cross_entropy(logits, labels, bags).item() == pytest.approx(expected.item())
