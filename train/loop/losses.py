"""Losses of the U-Net over sigmoid channels that may be unlabelled: binary cross-entropy, Dice, competition, union.

Where nothing else is said, logits, target (0..1) and labelled (0 or 1) are (B, C, H, W) float32.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def bce_loss(logits: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """Mean binary cross-entropy over the labelled pixels."""
    return F.binary_cross_entropy_with_logits(logits, target, labelled, reduction="sum") / labelled.sum().clamp(min=1)


def dice_loss(logits: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """Soft Dice (Milletari et al., 2016) of each channel over the batch, averaged over the channels present in it.

    Pooling over the batch keeps a garment of few pixels from weighing as much as a whole coat.
    """
    probability = torch.sigmoid(logits) * labelled
    target = target * labelled
    overlap = (probability * target).sum(dim=(0, 2, 3))
    total = (probability + target).sum(dim=(0, 2, 3))
    present = target.sum(dim=(0, 2, 3)) > 0
    dice = (2 * overlap + 1) / (total + 1)
    return (1 - dice)[present].mean() if present.any() else logits.sum() * 0


def union_loss(logits: Tensor, target: Tensor, count: int, labelled: Tensor) -> Tensor:
    """Binary cross-entropy of "some garment" against none, for the first ``count`` channels, where all are labelled.

    The union of independent channels is 1 - prod(1 - p); written with log(1 - p) = -softplus(z) it is stable.
    """
    log_none = -F.softplus(logits[:, :count]).sum(dim=1)
    wanted = target[:, :count].amax(dim=1)
    log_some = torch.log(-torch.expm1(log_none.clamp(max=-1e-4)))
    known = labelled[:, :count].amin(dim=1)
    return -((wanted * log_some + (1 - wanted) * log_none) * known).sum() / known.sum().clamp(min=1)


def competition_loss(logits: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """Cross-entropy of the channels and a background of logit 0 against each other, rare labels weighing more.

    Independent channels are slow to tell a skirt from shorts; competing for each pixel they learn it sooner.  Labels
    weigh by the inverse square root of their pixels in the batch; channels do not take part where they are unlabelled,
    nor do pixels of which nothing is labelled.
    """
    known = labelled.amax(dim=1) > 0
    if not known.any():
        return logits.sum() * 0
    logits = logits.masked_fill(labelled == 0, -30.0)
    scores = torch.cat([torch.zeros_like(logits[:, :1]), logits], dim=1)
    value, label = target.max(dim=1)
    label = torch.where(value >= 0.5, label + 1, 0)
    counts = torch.bincount(label[known], minlength=scores.shape[1]).float()
    weights = (counts.sum() / counts.clamp(min=1)).sqrt().clamp(max=20.0)
    return F.cross_entropy(scores, torch.where(known, label, -100), weight=weights, ignore_index=-100)


class PartialBCE(nn.Module):
    """Binary cross-entropy, element by element, that does not punish what is not labelled.

    weight: 1 or 0 for every element, broadcast to the logits; targets above 0 always count: they are known.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight: Tensor | float = 1.0

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the losses, in the shape of ``logits`` and ``target``."""
        loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return loss * torch.where(target > 0, torch.ones_like(target), self.weight)


def partial_cross_entropy(logits: Tensor, labels: Tensor, unlabelled: Tensor) -> Tensor:
    """Cross-entropy in which "background" may also be what the photo leaves unlabelled.

    logits: (R, C), class 0 the background; labels: (R,) int64; unlabelled: (R, C) bool.  Where a row's label is 0 its
    loss is -log of the probability of the background and the unlabelled classes together.
    """
    allowed = F.one_hot(labels, logits.shape[1]).bool() | (unlabelled & (labels == 0)[:, None])
    wanted = logits.masked_fill(~allowed, -torch.inf).logsumexp(dim=1)
    return (logits.logsumexp(dim=1) - wanted).mean()
