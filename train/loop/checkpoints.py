"""Files of a run: ``last.pt`` to go on from, ``best.pt`` for the app; each is whole at any moment."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from train.loop.config import Config
from train.loop.engine import TrainingError

if TYPE_CHECKING:
    from train.loop.trainer import Trainer

LAST, BEST = "last.pt", "best.pt"
PATHS = ("data", "extra", "init", "cache", "pretrained")
"""Flags that name files or folders."""


def save(trainer: Trainer) -> None:
    """Write ``last.pt``, from which ``--resume`` goes on exactly."""
    content = {
        "kind": f"{trainer.task.kind}-checkpoint",
        "model": trainer.model.state_dict(),
        "ema": trainer.ema.state,
        "optimizer": trainer.optimizer.state_dict(),
        "scaler": trainer.fabric.strategy.precision.state_dict(),
        **{name: getattr(trainer, name) for name in ("step", "images", "best", "stale")},
        "config": asdict(trainer.config),
    }
    write(trainer.folder / LAST, content | trainer.task.content(trainer.ema.state))


def export(trainer: Trainer, scores: dict[str, float]) -> None:
    """Write ``best.pt``: the averaged weights in half precision and what the app needs to build the network."""
    half = {k: (v.half() if v.is_floating_point() else v).cpu() for k, v in trainer.ema.state.items()}
    info = {"step": trainer.step, "images": trainer.images, "config": _published(trainer.config), "scores": scores}
    content = {"kind": trainer.task.kind, "model": half, "info": info, **trainer.task.content(trainer.ema.state)}
    write(trainer.folder / BEST, content)


def restore(trainer: Trainer) -> None:
    """Set ``trainer`` to the state of its ``last.pt``, which only the first process needs to see."""
    content = None
    if trainer.fabric.is_global_zero:
        content = load(trainer.folder / LAST, f"{trainer.task.kind}-checkpoint")
    content = trainer.fabric.broadcast(content)
    try:
        trainer.model.load_state_dict(content["model"])
        trainer.ema.load(content["ema"])
        trainer.optimizer.load_state_dict(content["optimizer"])
    except (RuntimeError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"{trainer.folder / LAST} does not fit ({reason}): give the flags that the run was started with"
        ) from error
    trainer.fabric.strategy.precision.load_state_dict(content.get("scaler", {}))
    trainer.step, trainer.best, trainer.stale = content["step"], content["best"], content.get("stale", 0)
    trainer.images = content.get("images", content["step"] * content["config"]["batch_size"])


def rescue(trainer: Trainer) -> str:
    """Save ``trainer`` after a failure if its tensors are good, and say which checkpoint there is."""
    good = all(v.isfinite().all() for v in trainer.model.state_dict().values() if v.is_floating_point())
    if good and trainer.fabric.is_global_zero:
        save(trainer)
    return what_is_left(trainer.folder)


def what_is_left(folder: Path) -> str:
    """Say from which checkpoint of ``folder`` a run can go on."""
    path = folder / LAST
    if not path.is_file():
        return "there is no checkpoint yet"
    return f"{path} holds step {read(path).get('step')}: --resume goes on from there"


def check_folder(folder: Path, config: Config) -> None:
    """Refuse to begin anew over an earlier run."""
    if (folder / LAST).is_file() and not config.resume and not config.overwrite:
        raise TrainingError(
            f"{folder} holds a run already: give --resume to go on with it, another --name, or --overwrite"
        )


def write(path: Path, content: dict) -> None:
    """Write ``content`` so that ``path`` is always a whole file; ``TrainingError`` when the disk refuses."""
    temporary = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content, temporary)
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        raise TrainingError(
            f"{path} could not be written ({error}); the previous checkpoint is intact: free space and resume"
        ) from error


def load(path: Path, kind: str) -> dict:
    """Read a checkpoint of model ``kind``; ``TrainingError`` if it is missing, broken or another model's."""
    if not path.is_file():
        raise TrainingError(f"{path} does not exist: start without --resume")
    content = read(path)
    if content.get("kind") != kind:
        raise TrainingError(f"{path} is a checkpoint of {content.get('kind')!r}, not of {kind!r}")
    return content


def read(path: Path) -> dict:
    """Read a checkpoint or weights file of any model without running pickled code; ``TrainingError`` if it is none."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{path} does not exist: give a best.pt or last.pt of a run") from None
    except Exception as error:  # torch raises many kinds here
        raise TrainingError(f"{path} is not readable as a checkpoint ({type(error).__name__}: {error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
        raise TrainingError(f"{path} holds no weights of a training script of this project: give a best.pt or last.pt")
    return content


def weights_in(content: dict) -> dict[str, torch.Tensor]:
    """Return the tensors to start from, float32: of a checkpoint the averaged ones."""
    state = content.get("ema", content["model"])
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}


def encoder_in(content: dict) -> dict[str, torch.Tensor]:
    """Return the tensors of a U-Net's encoder, float32, by their names within it."""
    prefix = "encoder."
    return {k.removeprefix(prefix): v for k, v in weights_in(content).items() if k.startswith(prefix)}


def model_in(content: dict) -> str:
    """Return the model that a weights file or checkpoint is of, such as ``unet``."""
    return str(content.get("kind")).removesuffix("-checkpoint")


def fill(model: torch.nn.Module, content: dict, kind: str) -> None:
    """Copy the weights in ``content`` into ``model``; ``TrainingError`` if they are another model's."""
    if model_in(content) != kind:
        raise TrainingError(f"--init: the file holds {model_in(content)!r}, not {kind!r}")
    try:
        model.load_state_dict(weights_in(content))
    except RuntimeError as error:
        reason = " ".join(str(error).split()[:24])
        raise TrainingError(
            f"--init: the weights do not fit the network ({reason} …): give the same --backbone, "
            "--architecture or widths"
        ) from error


def _published(config) -> dict:
    """Return a run's flags with paths cut to their names: weights are given away, folders are nobody's business."""
    flags = asdict(config)
    return flags | {name: Path(flags[name]).name for name in PATHS if isinstance(flags.get(name), str) and flags[name]}
