"""The search space of a sweep: which flags of a training script vary, and between what."""

from __future__ import annotations

import dataclasses
from typing import Any

import optuna
from optuna.distributions import FloatDistribution

from train.loop.config import Config
from train.loop.engine import TrainingError

SGD_RATE = 10.0
"""SGD wants larger steps than AdamW: a sweep multiplies ``lr`` by this where it draws SGD."""

STRIDE = 32


Space = dict[str, FloatDistribution | tuple]
LOGARITHMIC = ("lr", "weight_decay")


def parse_space(texts: list[str], config: Config) -> Space:
    """Return what is searched around the defaults of the model, as ``NAME=LOW:HIGH`` and ``NAME=A,B,C`` change it.

    One value keeps a flag fixed.  ``TrainingError`` for a name that is no flag, or values of the wrong type.
    """
    space: Space = {
        "lr": FloatDistribution(config.lr / 8, config.lr * 4, log=True),
        "weight_decay": FloatDistribution(1e-4, 0.1, log=True),
        "optimizer": ("adamw", "sgd"),
        "batch_size": (8, 16, 32),
        "workers": (0, 1, 2),
        "image_size": tuple(sorted({_to_stride(config.image_size * f) for f in (0.75, 1, 1.25)})),
        "augment": FloatDistribution(0.0, 1.5),
    }
    for text in texts:
        name, _, values = text.partition("=")
        field = name.replace("-", "_")
        if field not in {f.name for f in dataclasses.fields(config)} or not values:
            known = ", ".join(space)
            raise TrainingError(f"--space {text}: expected FLAG=LOW:HIGH or FLAG=A,B,C; usual flags are {known}")
        space[field] = _values(field, values, type(getattr(config, field)))
    return space


def _values(name: str, values: str, kind: type) -> FloatDistribution | tuple:
    try:
        if kind is float and ":" in values:
            low, high = (float(v) for v in values.split(":"))
            if not low < high:
                raise ValueError("LOW must be below HIGH")
            return FloatDistribution(low, high, name in LOGARITHMIC)
        if kind is bool:
            return tuple({"true": True, "false": False}[v.lower()] for v in values.split(","))
        return tuple(kind(v) for v in values.split(","))
    except (ValueError, KeyError) as error:
        raise TrainingError(f"--space {name}={values}: not of type {kind.__name__} ({error})") from error


def suggest(trial: optuna.trial.BaseTrial, space: Space, config: Config) -> Config:
    """Return ``config`` with the values that ``trial`` draws; the size at validation keeps its ratio to training's."""
    drawn: dict[str, Any] = {}
    for name, values in space.items():
        if isinstance(values, FloatDistribution):
            drawn[name] = trial.suggest_float(name, values.low, values.high, log=values.log)
        else:
            drawn[name] = values[0] if len(values) == 1 else trial.suggest_categorical(name, values)
    if "image_size" in drawn and "eval_size" not in drawn:
        drawn["eval_size"] = _to_stride(drawn["image_size"] * config.eval_size / config.image_size)
    new = dataclasses.replace(config, **drawn)
    if "lr" in drawn and new.optimizer == "sgd":
        new.lr *= SGD_RATE
    return new


def largest(space: Space, config: Config) -> Config:
    """Return ``config`` with the largest pictures of ``space``: for these the photos are read, once for all trials."""
    sizes = space.get("image_size", (config.image_size,))
    size = round(sizes.high) if isinstance(sizes, FloatDistribution) else max(sizes)
    return dataclasses.replace(config, image_size=size, eval_size=round(size * config.eval_size / config.image_size))


def as_json(space: Space) -> dict[str, Any]:
    """Return ``space`` as plain values."""
    return {
        k: {"low": v.low, "high": v.high, "log": v.log} if isinstance(v, FloatDistribution) else {"choices": list(v)}
        for k, v in space.items()
    }


def _to_stride(pixels: float) -> int:
    return max(STRIDE, round(pixels / STRIDE) * STRIDE)
