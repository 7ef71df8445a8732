"""Search the flags of a training script with Optuna: learning rate, weight decay, optimiser, batch, size, and so on.

    python -m train.sweep unet --name first --trials 30 --images 30000 --data DATA
    python -m train.sweep yolo --name lr --space lr=1e-4:1e-2 batch_size=16 optimizer=adamw --trials 10 --data DATA
    python -m train.sweep unet --name big --storage postgresql://user@host/db --data DATA    # on each of many machines

All other flags go to the training script.  Every trial trains on the same number of images and validates ``--rungs``
times; trials that are behind the others are ended early.  The same command goes on with a sweep, and started
several times at once it works on it with several processes.  Results: ``runs/sweeps/NAME.json``, and the run of every
trial in ``runs/sweeps/NAME/``.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import optuna

from ewardrobe.core.arguments import seed
from train.loop.checkpoints import LAST
from train.loop.config import Config, FlagError, exit_code, make_parser, parse_config, run_folder
from train.loop.data import load_data
from train.loop.engine import TrainingError
from train.loop.trainer import Task, Trainer, run
from train.search.space import as_json, largest, parse_space, suggest
from train.search.study import PRUNERS, finished, mark, open_study, storage_errors, summary, write_results

SCRIPTS = {
    "unet": ("train.unet", "UNetConfig", "UNetTask"),
    "yolo": ("train.yolo", "YoloConfig", "YoloTask"),
    "mask_rcnn": ("train.mask_rcnn", "MaskRCNNConfig", "MaskRCNNTask"),
}
FOLDER = Path("runs") / "sweeps"


class Sweep:
    """One sweep as one process sees it."""

    def __init__(self, args: argparse.Namespace, config: Config, task_class: Callable[[Any], Task]) -> None:
        self.args, self.base, self.task_class = args, config, task_class
        self.space = parse_space(args.space, config)
        self.storage = args.storage or str(FOLDER / f"{args.name}.journal")
        about = {"model": args.model, "data": Path(config.data).resolve().name, "images": args.images}
        about |= {"rungs": args.rungs, "space": as_json(self.space)}
        self.study = open_study(args.name, self.storage, args.pruner, args.rungs, about, args.sampler_seed)
        self.data = load_data(largest(self.space, config))

    def optimize(self) -> None:
        """Run trials until the study has ``--trials`` of them, whoever ran them."""
        with storage_errors(self.storage):
            while finished(self.study) < self.args.trials:
                try:
                    self.study.optimize(self._objective, n_trials=1, catch=(TrainingError,))
                finally:
                    write_results(FOLDER / f"{self.args.name}.json", self.study)

    def _objective(self, trial: optuna.Trial) -> float:
        """Train one set of flags and return its best validation mask AP; what was interrupted is tried again."""
        mark(trial)
        try:
            trainer = self._train(trial)
            if trainer.ending == "stopped":
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            self.study.enqueue_trial(trial.params)
            raise
        except TrainingError as error:
            trial.set_user_attr("error", str(error))
            print(f"trial {trial.number} failed: {error}", flush=True)
            raise
        return trainer.best

    def _train(self, trial: optuna.Trial) -> Trainer:
        config, started = self._trial_config(trial), time.monotonic()

        def watch(trainer: Trainer, scores: dict[str, float]) -> None:
            trial.set_user_attr("images_per_s", round(trainer.images / (time.monotonic() - started), 2))
            rung = round(trainer.step / trainer.config.validate_steps)
            trial.report(scores["mask_ap"], rung)
            if rung < self.args.rungs and not trainer.ending and trial.should_prune():
                raise optuna.TrialPruned(f"mask AP {scores['mask_ap']:.4f} at rung {rung}")

        try:
            return run(self.task_class(config), self.data, watch)
        finally:
            (run_folder(config.name) / LAST).unlink(missing_ok=True)  # the best weights stay; nobody resumes a trial

    def _trial_config(self, trial: optuna.Trial) -> Config:
        """Return the flags of ``trial``: what it draws, and the same number of images for all."""
        config = suggest(trial, self.space, self.base)
        interval = max(1, self.args.images // (config.batch_size * self.args.rungs))
        steps = interval * self.args.rungs
        trial.set_user_attr("config", {k: getattr(config, k) for k in (*self.space, "eval_size")} | {"steps": steps})
        return dataclasses.replace(
            config,
            name=f"sweeps/{self.args.name}/{trial.number:03d}",
            steps=steps,
            validate_steps=interval,
            warmup=min(config.warmup, steps // 10),
            overwrite=True,
            resume=False,
        )


def parse(argv: Sequence[str] | None = None) -> tuple[argparse.Namespace, Config, type]:
    """Return the sweep's own arguments, the flags for the training script and its task."""
    parser = make_parser(__doc__, allow_abbrev=False)
    parser.add_argument("model", choices=sorted(SCRIPTS), help="the network to train")
    parser.add_argument("--name", required=True, help="name of the sweep")
    parser.add_argument("--trials", type=int, default=20, help="trials in all (default: 20)")
    parser.add_argument("--images", type=int, default=20_000, help="images a trial trains on (default: 20000)")
    parser.add_argument("--rungs", type=int, default=4, help="validations of a trial (default: 4)")
    parser.add_argument("--pruner", choices=PRUNERS, default="median", help="ends hopeless trials (default: median)")
    parser.add_argument("--storage", default="", help="database or Redis URL; default: runs/sweeps/NAME.journal")
    parser.add_argument("--space", nargs="+", default=[], metavar="FLAG=…", help="LOW:HIGH, A,B,C or one value")
    parser.add_argument("--sampler-seed", type=seed, help="makes the draws of a single process repeatable")
    args, rest = parser.parse_known_args(argv)
    run_folder(f"sweeps/{args.name}")
    for name in ("trials", "images", "rungs"):
        if getattr(args, name) < 1:
            raise FlagError(f"--{name} {getattr(args, name)}: expected a whole number from 1")
    module, config_class, task_class = SCRIPTS[args.model]
    script = import_module(module)
    return args, parse_config(getattr(script, config_class), script.__doc__, rest), getattr(script, task_class)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sweep and return the exit code: 0 done, 1 it cannot go on, 2 a flag is wrong, 130 interrupted."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def work() -> None:
        sweep = Sweep(*parse(argv))
        sweep.optimize()
        print(summary(sweep.study))

    return exit_code(work, failed=1, interrupted="the same command goes on with the sweep")


if __name__ == "__main__":
    sys.exit(main())
