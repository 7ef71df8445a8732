"""The flags that all training scripts share: every field of ``Config`` is one."""

from __future__ import annotations

from dataclasses import dataclass

from train.loop.engine import option


@dataclass
class Config:
    """Every field is a flag; the models change defaults and add their own."""

    data: str = option("", "folder with train/ and validation/ in DeepFashion2's layout")
    extra: str = option("", "second folder of that layout, such as rendered photos, mixed in")
    extra_share: float = option(0.1, "share of the samples drawn from --extra")
    name: str = option("run", "run name: results go to runs/NAME")
    steps: int = option(8000, "optimiser steps in all")
    minutes: float = option(0.0, "end after so many minutes, the schedule by the clock; 0 = by --steps alone")
    batch_size: int = option(16, "images a step and process")
    optimizer: str = option("adamw", "adamw, or sgd with Nesterov momentum 0.9", choices=["adamw", "sgd"])
    lr: float = option(2e-3, "peak learning rate")
    weight_decay: float = option(0.02, "weight decay of convolutions and linear layers")
    schedule: str = option("wsd", "learning-rate schedule", choices=["cosine", "wsd"])
    decay: float = option(0.2, "share of the steps in which wsd decays")
    warmup: int = option(200, "warm-up steps")
    clip: float = option(5.0, "gradient norm limit")
    ema: float = option(0.999, "decay of the averaged weights")
    norm: str = option(
        "batch",
        "batch normalisation: batch (each process its own), sync (CUDA: shared by all processes), frozen",
        choices=["batch", "sync", "frozen"],
    )
    image_size: int = option(256, "pixels on the long side of a training canvas")
    eval_size: int = option(256, "pixels on the long side at validation and in the app; as --image-size for a YOLO")
    augment: float = option(1.0, "strength of the augmentation: 0 none, 1 as designed, up to 1.5")
    worn_zoom: float = option(0.0, "zoom into worn photos up to so many times; 0 = as --augment says")
    worn_factor: float = option(1.6, "how much more often a worn photo is drawn")
    rare_share: float = option(0.1, "categories on less than this share of the photos are drawn more often; 0 = none")
    fraction: float = option(1.0, "use this share of the photos, 0..1")
    max_images: int = option(0, "use at most N photos; 0 = all")
    balance: bool = option(False, "prefer photos with rare categories when only a part is used")
    validation_images: int = option(0, "validate on at most N photos; 0 = all")
    lazy: bool = option(False, "read photos from disk when they are drawn; without it all are held in memory")
    workers: int = option(0, "data-loading processes")
    threads: int = option(1, "CPU threads of the training process")
    precision: str = option("32-true", "number format", choices=["32-true", "bf16-mixed", "16-mixed"])
    accelerator: str = option("auto", "cpu, cuda, or auto: cuda where there is one", choices=["auto", "cpu", "cuda"])
    checkpoint_minutes: float = option(8.0, "minutes between checkpoints")
    validate_minutes: float = option(20.0, "minutes between validations")
    validate_steps: int = option(0, "steps between validations, instead of --validate-minutes; 0 = by the clock")
    patience: int = option(0, "stop after so many validations without a better mask AP; 0 = never")
    init: str = option("", "start from the weights of this file")
    resume: bool = option(False, "go on from runs/NAME/last.pt")
    overwrite: bool = option(False, "begin anew where runs/NAME holds a run")
    seed: int = option(0, "random seed")
