"""Files of a run: ``last.pt`` to go on from, ``best.pt`` for the app; each is whole at any moment.  Public weights.

Tensors come by the names of a network's layers, such as a convolution's (out, in, k, k) float32.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ewardrobe.core import atomic, process
from ewardrobe.core.taxonomy import CATEGORIES, INSTANCES, LABEL_COUNT
from train.loop.config import FlagError, RunConfig, described, flag
from train.loop.engine import TrainingError

if TYPE_CHECKING:
    from train.loop.trainer import Trainer

LAST, BEST = "last.pt", "best.pt"
PATHS = ("data", "extra", "init", "cache", "pretrained")
"""Flags that name files or folders: weights are given away with the names alone."""
STARTS = ("init", "pretrained")
"""Flags that say from which weights a run started."""

_OLD, _NEW = len(CATEGORIES), len(INSTANCES)
GROWN = {(_OLD, _NEW), (_OLD + 1, _NEW + 1), (4 * (_OLD + 1), 4 * (_NEW + 1)), (LABEL_COUNT - 1, LABEL_COUNT)}
"""Rows of a layer before there were accessories, and now: classes, with a background, their boxes, labels of a map."""


def save(run: Trainer) -> None:
    """Write ``last.pt``, from which ``--resume`` goes on exactly."""
    content = {
        "kind": f"{run.task.kind}-checkpoint",
        "model": run.model.state_dict(),
        "ema": run.average.module.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "scaler": run.fabric.strategy.precision.state_dict(),
        **{name: getattr(run, name) for name in ("step", "images", "best", "stale")},
        "config": asdict(run.config),
    }
    write(run.folder / LAST, content | run.task.content())


def export(run: Trainer, scores: dict[str, float]) -> None:
    """Write ``best.pt``: the averaged weights in half precision and what the app needs to build the network."""
    half = {k: (v.half() if v.is_floating_point() else v).cpu() for k, v in run.average.module.state_dict().items()}
    flags = asdict(run.config)
    flags |= {name: Path(flags[name]).name for name in PATHS if isinstance(flags.get(name), str)}
    info = {"step": run.step, "images": run.images, "config": flags, "scores": scores}
    write(run.folder / BEST, {"kind": run.task.kind, "model": half, "info": info, **run.task.content()})


def restore(run: Trainer) -> None:
    """Set ``run`` to the state of its ``last.pt``, which only the first process needs to see."""
    found = load(run.folder / LAST, f"{run.task.kind}-checkpoint") if run.fabric.is_global_zero else {}
    content = run.fabric.broadcast(found)
    _keep_flags(run.config, content["config"])
    try:
        run.model.load_state_dict(content["model"])
        run.average.module.load_state_dict(content["ema"])
        decays = [group["weight_decay"] for group in run.optimizer.param_groups]
        run.optimizer.load_state_dict(content["optimizer"])
        for group, decay in zip(run.optimizer.param_groups, decays, strict=True):
            group["weight_decay"] = decay  # as the flags say, not as the state brings along
    except (RuntimeError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"{run.folder / LAST} does not fit ({reason}): give the flags that the run was started with"
        ) from error
    run.fabric.strategy.precision.load_state_dict(content.get("scaler", {}))
    run.step, run.best, run.stale = content["step"], content["best"], content.get("stale", 0)
    run.images = content.get("images", run.step * content["config"]["batch_size"])
    run.average.n_averaged.fill_(run.step + 1)


def _keep_flags(config: RunConfig, begun: dict[str, Any]) -> None:
    """Refuse flags that a run was begun without; what it started from is written down again if it is not given."""
    for name in (f.name for f in fields(config) if described(type(config), f.name).get("kept")):
        old, new = begun.get(name, getattr(config, name)), getattr(config, name)
        if not new and name in STARTS:
            setattr(config, name, old)
        elif new != old:
            raise FlagError(
                f"{flag(name)} {new}: the run was begun with {old or 'none'!s}, and --resume cannot change that: "
                "give the same, or another --name without --resume"
            )


def rescue(run: Trainer) -> str:
    """Save ``run`` after a failure if its tensors are good, and say which checkpoint there is."""
    good = all(v.isfinite().all() for v in run.model.state_dict().values() if v.is_floating_point())
    if good and run.fabric.is_global_zero:
        save(run)
    return what_is_left(run.folder)


def what_is_left(folder: Path) -> str:
    """Say from which checkpoint of ``folder`` a run can go on."""
    path = folder / LAST
    if not path.is_file():
        return "there is no checkpoint yet"
    return f"{path} holds step {read(path).get('step')}: --resume goes on from there"


def write(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` so that ``path`` is always a whole file; ``TrainingError`` when the disk refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic.writing(path) as file:
            torch.save(content, file)
    except (OSError, RuntimeError) as error:
        raise TrainingError(
            f"{path} could not be written ({error}); the previous checkpoint is intact: free space and resume"
        ) from error


def load(path: Path, kind: str) -> dict[str, Any]:
    """Read a checkpoint of model ``kind``; ``TrainingError`` if it is missing, broken or another model's."""
    if not path.is_file():
        raise TrainingError(f"{path} does not exist: start without --resume")
    content = read(path)
    if content.get("kind") != kind:
        raise TrainingError(f"{path} is a checkpoint of {content.get('kind')!r}, not of {kind!r}")
    return content


def read(path: Path) -> dict[str, Any]:
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


def weights_in(content: dict[str, Any]) -> dict[str, Tensor]:
    """Return the tensors to start from, float32: of a checkpoint the averaged ones."""
    state = content.get("ema", content["model"])
    return {k: v.float() if v.is_floating_point() else v for k, v in state.items()}


def encoder_in(content: dict[str, Any]) -> dict[str, Tensor]:
    """Return the tensors of a U-Net's encoder, float32, by their names within it."""
    prefix = "encoder."
    return {k.removeprefix(prefix): v for k, v in weights_in(content).items() if k.startswith(prefix)}


def model_in(content: dict[str, Any]) -> str:
    """Return the model that a weights file or checkpoint is of, such as ``unet``."""
    return str(content.get("kind")).removesuffix("-checkpoint")


def fill(model: Any, content: dict[str, Any], kind: str) -> None:
    """Copy the weights in ``content`` into ``model``; ``TrainingError`` if they are another model's."""
    if model_in(content) != kind:
        raise TrainingError(f"--init: the file holds {model_in(content)!r}, not {kind!r}")
    message = "--init: the weights do not fit the network ({}): give the same --backbone, --architecture or widths"
    load_into(model, extended(model.state_dict(), weights_in(content)), message)


def load_into(module: Any, state: dict[str, Tensor], message: str) -> None:
    """Copy ``state`` into ``module``; ``TrainingError`` with ``message``, torch's reason for ``{}``, if it misfits."""
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise TrainingError(message.format(" ".join([*str(error).split()[:24], "…"]))) from error


def extended(own: dict[str, Tensor], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return ``given`` with the layers of 13 garments (or 18 labels) lengthened to those of the network ``own``.

    The garments come first in every numbering, so their rows are copied, and the accessories keep the network's own.
    """
    longer = dict(given)
    for name in own.keys() & given.keys():
        mine, theirs = own[name], given[name]
        if mine.ndim and mine.shape[1:] == theirs.shape[1:] and (len(theirs), len(mine)) in GROWN:
            longer[name] = torch.cat([theirs, mine[len(theirs) :].to(theirs)])
    return longer


def ultralytics_model(name: str) -> Any:
    """Return the network of an ultralytics checkpoint: a local file, or a public name such as ``yolo11n-seg.pt``.

    Such a file is a pickle, which can run code when it is read: give none that you do not trust.
    """
    process.allow_downloads()
    from ultralytics import YOLO

    try:
        model: Any = YOLO(name).model
        return model.float()
    except Exception as error:  # ultralytics raises many kinds: no connection, no such release, broken file
        raise TrainingError(
            f"{name} could not be loaded ({error}): give a local .pt file, or leave --pretrained out"
        ) from error


def fill_public_encoder(encoder: Any, name: str) -> None:
    """Copy the backbone of a public checkpoint into a ``YoloEncoder``; ``TrainingError`` if it is of another size."""
    layers = ultralytics_model(name).model[: len(encoder.layers)]
    message = f"--pretrained: the backbone of {name} does not fit --encoder ({{}})"
    load_into(encoder.layers, layers.state_dict(), message)
