"""What is done to a network before it trains: batch normalisation, and the optimiser with its parameter groups."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from train.loop.config import Config


def prepare_norm(model: nn.Module, norm: str, world_size: int) -> nn.Module:
    """Return ``model`` with its batch normalisation as ``--norm`` says; ``frozen`` switches to the fixed statistics."""
    if norm == "sync" and world_size > 1:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    if norm == "frozen":
        for module in model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
    return model


def make_optimizer(model: nn.Module, config: Config) -> torch.optim.Optimizer:
    """Return AdamW, or SGD with Nesterov momentum 0.9."""
    groups = parameter_groups(model, config.weight_decay)
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=config.lr)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Weight decay for the weights of convolutions and linear layers only."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    free = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
