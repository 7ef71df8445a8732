"""Flags of the scripts: every field of a dataclass is one; what values they may have; how a script ends."""

from __future__ import annotations

import argparse
import math
import sys
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from ewardrobe.core.process import SettingError
from ewardrobe.datasets.records import DatasetError
from ewardrobe.models.inputs import LARGEST_SIDE, LEAST_SIDE
from ewardrobe.models.weights import WeightsError
from train.loop.engine import TrainingError


class FlagError(TrainingError):
    """A flag has a value that it cannot have; the message says what is expected."""


def option(default: Any, help: str, **about: Any) -> Any:
    """Declare a dataclass field with the help text of its flag.

    about: ``choices`` of a text; ``least`` (0 if nothing is said), ``above`` and ``most`` of a number; ``kept``: a
    resumed run cannot change it.  A class that only has another default gives just that, and inherits the rest.
    """
    return field(default=default, metadata={"help": help, **about})


def described(config_class: type, name: str) -> Mapping[str, Any]:
    """Return what ``option`` was told of a field, by the class itself or by those that it is derived from."""
    known = (vars(c).get("__dataclass_fields__", {}) for c in config_class.__mro__)
    return ChainMap(*(dict(found[name].metadata) for found in known if name in found))


@dataclass
class RunConfig:
    """What the loop itself asks for; the trainings change defaults and add their own."""

    data: str = option("", "folder with train/ and validation/ in DeepFashion2's layout")
    name: str = option("run", "run name: results go to runs/NAME")
    steps: int = option(8000, "optimiser steps in all", least=1)
    minutes: float = option(0.0, "end after so many minutes, the schedule by the clock; 0 = by --steps alone")
    batch_size: int = option(16, "images a step and process", least=1)
    optimizer: str = option("adamw", "adamw, or sgd with Nesterov momentum 0.9", choices=["adamw", "sgd"], kept=True)
    lr: float = option(2e-3, "peak learning rate", above=0)
    weight_decay: float = option(0.02, "weight decay of convolutions and linear layers")
    schedule: str = option("wsd", "learning-rate schedule", choices=["cosine", "wsd"])
    decay: float = option(0.2, "share of the steps in which wsd decays", most=1)
    warmup: int = option(200, "warm-up steps")
    clip: float = option(5.0, "gradient norm limit", above=0)
    ema: float = option(0.999, "decay of the averaged weights", most=1)
    norm: str = option(
        "batch",
        "batch normalisation: batch (each process its own), sync (CUDA: shared by all processes), frozen",
        choices=["batch", "sync", "frozen"],
    )
    image_size: int = option(256, "pixels on the long side of a training canvas", least=32)
    augment: float = option(1.0, "strength of the augmentation: 0 none, 1 as designed, up to 1.5", most=1.5)
    threads: int = option(1, "CPU threads of the training process", least=1)
    precision: str = option("32-true", "number format", choices=["32-true", "bf16-mixed", "16-mixed"])
    accelerator: str = option("auto", "cpu, cuda, or auto: cuda where there is one", choices=["auto", "cpu", "cuda"])
    checkpoint_minutes: float = option(8.0, "minutes between checkpoints")
    validate_minutes: float = option(20.0, "minutes between validations")
    validate_steps: int = option(0, "steps between validations, instead of --validate-minutes; 0 = by the clock")
    patience: int = option(0, "stop after so many validations without a better score; 0 = never")
    init: str = option("", "start from the weights of this file", kept=True)
    resume: bool = option(False, "go on from runs/NAME/last.pt")
    overwrite: bool = option(False, "begin anew where runs/NAME holds a run")
    seed: int = option(0, "random seed", most=2**32 - 1)


@dataclass
class Config(RunConfig):
    """What the trainings of the segmenters share."""

    extra: str = option("", "second folder of that layout, such as rendered photos, mixed in")
    extra_share: float = option(0.1, "share of the samples drawn from --extra", most=1)
    eval_size: int = option(
        256,
        "pixels on the long side at validation and in the app; as --image-size for a YOLO",
        least=LEAST_SIDE,
        most=LARGEST_SIDE,
    )
    worn_zoom: float = option(0.0, "zoom into worn photos up to so many times; 0 = as --augment says")
    worn_factor: float = option(1.6, "how much more often a worn photo is drawn", above=0)
    rare_share: float = option(
        0.1, "categories on less than this share of the photos are drawn more often; 0 = none", most=1
    )
    fraction: float = option(1.0, "use this share of the photos, 0..1", above=0, most=1)
    max_images: int = option(0, "use at most N photos; 0 = all")
    balance: bool = option(False, "prefer photos with rare categories when only a part is used")
    validation_images: int = option(0, "validate on at most N photos; 0 = all")
    lazy: bool = option(False, "read photos from disk when they are drawn; without it all are held in memory")
    workers: int = option(0, "data-loading processes")


AnyConfig = TypeVar("AnyConfig", bound=RunConfig)


def make_parser(description: str | None, **more: Any) -> argparse.ArgumentParser:
    """Return the parser of a script whose docstring is ``description``."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, **more
    )


def exit_code(work: Callable[[], int | None], failed: int = 2, interrupted: str = "") -> int:
    """Run ``work`` and return its exit code; an error that the user can cure is told in one line on stderr.

    2: a flag is wrong; ``failed``: it cannot go on for another reason; 130: interrupted.  What is left then is said by
    the ``KeyboardInterrupt`` itself, or by ``interrupted``.
    """
    try:
        return work() or 0
    except (TrainingError, DatasetError, WeightsError, SettingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2 if isinstance(error, FlagError | SettingError) else failed
    except KeyboardInterrupt as stop:
        print(": ".join(filter(None, ("interrupted", str(stop) or interrupted))), file=sys.stderr, flush=True)
        return 130


def parse_config(
    config_class: type[AnyConfig], description: str | None, argv: Sequence[str] | None = None
) -> AnyConfig:
    """Build ``config_class`` from command-line flags, one for each field; ``FlagError`` for a value that cannot be."""
    parser = make_parser(description, usage="%(prog)s [--FLAG VALUE …]   (--help lists the flags)")
    for each in fields(config_class):
        about, default = described(config_class, each.name), each.default
        choices = about.get("choices")
        text = about.get("help", "") + ("" if default == "" else f" (default: {default})")
        if isinstance(default, bool):
            parser.add_argument(flag(each.name), action=argparse.BooleanOptionalAction, default=default, help=text)
        else:
            parser.add_argument(flag(each.name), type=type(default), default=default, help=text, choices=choices)
    config = config_class(**vars(parser.parse_args(argv)))
    check(config)
    return config


def flag(name: str) -> str:
    """Return the flag of a field.

    >>> flag("weight_decay")
    '--weight-decay'
    """
    return "--" + name.replace("_", "-")


def check(config: RunConfig) -> None:
    """Raise ``FlagError`` for the first field with a value that it cannot have."""
    for each in fields(config):
        value, about = getattr(config, each.name), described(type(config), each.name)
        if isinstance(value, bool):
            continue
        if isinstance(value, str):
            choices = about.get("choices", [value])
            fits, expected, text = value in choices, ", ".join(choices), value
        else:
            least, above, most = about.get("least", 0), about.get("above"), about.get("most", math.inf)
            fits = math.isfinite(value) and value <= most and (value >= least if above is None else value > above)
            expected = f"a number of {least} or more" if above is None else f"a number above {above}"
            expected, text = expected + (f", at most {most}" if most < math.inf else ""), f"{value:g}"
        if not fits:
            raise FlagError(f"{flag(each.name)} {text}: expected {expected}")
    run_folder(config.name)


def run_folder(name: str) -> Path:
    """Return ``runs/NAME``; ``FlagError`` for a name that leads out of ``runs``, or is none."""
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise FlagError(f"--name {name}: expected a name for a folder within runs/, such as first or size/384")
    return Path("runs") / path
