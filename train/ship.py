"""Ship a run: from its best weights to model card and README in one command, which goes on where it was stopped.

    python -m train.ship unet runs/unet --data DATA
    python -m train.ship yolo runs/yolo --data DATA --continues      # the run started from the shipped weights
    python -m train.ship unet runs/unet --data DATA --dry-run        # lists the steps and what is open, does nothing
    python -m train.ship unet runs/unet --data DATA --from evaluate  # does this step and those after it again

Each step is a command that can be given by itself: ``train.register``, ``train.thresholds``, ``train.quantize`` (for
networks that the app runs in eight bits; kept where it pays), ``ewardrobe evaluate`` on the test and on the photos that
chose, ``train.card``; for the attribute network ``train.attributes.calibration`` comes first.  What is done stands in
``RUN/ship.json``.  A step counts as done only while its result is there and of these very weights.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from ewardrobe.core.attributes import NAME as ATTRIBUTES
from ewardrobe.evaluation.held_out import TEST, VALIDATION
from ewardrobe.evaluation.metrics import metrics_path
from ewardrobe.models import MODELS, kind_of
from ewardrobe.models.weights import WeightsError, sha256_of, weights_dir
from train import card, quantize
from train.cards import manifest
from train.loop import checkpoints
from train.loop.config import FlagError, exit_code, flag, make_parser
from train.sweep import SCRIPTS

STATE = "ship.json"
INT8_KINDS = ("unet", "yolo")
"""Kinds that are one network; a Mask R-CNN runs in parts, for which the app has no eight bits."""

NOT_TOLD = ("name", "resume", "overwrite", "threads", "workers", "cache", "checkpoint_minutes", "accelerator")
"""Flags of a run that do not matter for what came of it."""


@dataclass(frozen=True)
class Step:
    """A command, and whether its result is there.

    partly: the file that it writes anew even when it ends with exit code 1, as some do that leave a part out.
    """

    name: str
    words: tuple[str, ...]
    is_there: Callable[[], bool] = lambda: True
    partly: Path | None = None

    def succeeds(self) -> bool:
        """Run the command and tell whether its result is there now."""

        def written() -> int | None:
            return self.partly.stat().st_mtime_ns if self.partly and self.partly.is_file() else None

        before = written()
        code = call(self.words)
        return (code == 0 or (code == 1 and written() != before)) and self.is_there()

    def __str__(self) -> str:
        return f"{self.name}: {shlex.join(('python', '-m', *self.words))}"


@dataclass(frozen=True)
class Shipment:
    """What is shipped: the model's name, its best weights, the arguments of the command."""

    name: str
    best: Path
    args: argparse.Namespace

    @property
    def entry(self) -> dict[str, Any]:
        """The manifest's entry if it is of these weights, else nothing."""
        entry = manifest.entries(weights_dir()).get(self.name, {})
        return entry if entry.get("sha256") == sha256_of(self.best) else {}

    def steps(self) -> list[Step]:
        """Return the steps in their order."""
        name, args, int8 = self.name, self.args, self.best.parent / "int8"
        data, split = ("--data", str(args.data)), ("--split", args.split)
        told = quantize.description_of(name, int8)
        cards = Step("card", ("train.card", "--readme", str(args.readme)), self._has_card)
        if name == ATTRIBUTES:
            calibrate = Step("calibrate", ("train.attributes.calibration", str(self.best), *data))
            return [calibrate, self._register(), *self._measurements(), cards]
        chosen = Step("thresholds", ("train.thresholds", name, *data, *split), self._has_thresholds)
        words = ("train.quantize", name, *data, *split, "--ship", "--out", str(int8))
        small = Step("quantize", words, lambda: self._is_quantized(told), told)
        eight_bits = [small] if kind_of(name) in INT8_KINDS else []
        return [self._register(), chosen, *eight_bits, *self._measurements(), cards]

    def _measurements(self) -> list[Step]:
        """Return the steps that measure: on the test, and on the photos that chose, which stand small beside it.

        A data set without a test is measured on the photos that chose alone; card and page say so.
        """
        args = self.args
        test = args.data / (f"{ATTRIBUTES}_{args.test}.csv" if self.name == ATTRIBUTES else f"{args.test}/annos")
        chosen = self._measurement("validate" if test.exists() else "evaluate", args.split, VALIDATION)
        return [self._measurement("evaluate", args.test, TEST), chosen] if test.exists() else [chosen]

    def _measurement(self, step: str, split: str, role: str) -> Step:
        name, path = self.name, metrics_path(weights_dir(), self.name, role)
        where: tuple[str, ...] = ("--data", str(self.args.data), "--split", split, "--as", role, "--json", str(path))
        if step == "validate":  # it stands small beside the test, without intervals
            where += ("--resamples", "0")
        if name == ATTRIBUTES:
            return Step(step, ("ewardrobe", "evaluate-attributes", *where), lambda: self._is_measured(role))
        more = ("--model", name, "--refine", *(["--webcam"] if step == "evaluate" else []))
        return Step(step, ("ewardrobe", "evaluate", *where, *more), lambda: self._is_measured(role), path)

    def _register(self) -> Step:
        flags = checkpoints.read(self.best).get("info", {}).get("config", {})
        command = self.args.command or _command_of(self.name, flags)
        data = self.args.data_name or Path(flags.get("data") or self.args.data.resolve()).name
        words: tuple[str, ...] = ("train.register", self.name, str(self.best), "--data", str(self.args.data))
        words += ("--data-name", data, "--command", command)
        return Step("register", words + ("--continues",) * self.args.continues, lambda: bool(self.entry))

    def _has_thresholds(self) -> bool:
        return bool(self.entry) and self.entry.get("thresholds", {}).get("weights_sha256") == self.entry["sha256"]

    def _is_quantized(self, path: Path) -> bool:
        """Whether eight bits are shipped, or were measured and do not pay."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # it was not measured yet, or is measured again
            told = {}
        shipped = self.entry.get("int8") or (told if "gain" in told else {})
        return shipped.get("source_sha256") == sha256_of(self.best)

    def _is_measured(self, role: str) -> bool:
        try:
            return bool(self.entry and manifest.read_metrics(self.name, self.entry, weights_dir(), role))
        except WeightsError:
            return False

    def _has_card(self) -> bool:
        path = weights_dir() / f"{self.name}.md"
        return path.is_file() and sha256_of(self.best) in path.read_text(encoding="utf-8")


def _command_of(name: str, flags: dict[str, Any]) -> str:
    """Return the command that trains with ``flags``; those that have their default are left out."""
    module, config_class = f"train.{ATTRIBUTES}.train", "AttributesConfig"
    if name != ATTRIBUTES:
        module, config_class, _ = SCRIPTS[kind_of(name)]
    words = ["python", "-m", module.removesuffix(".train")]
    for each in fields(getattr(import_module(module), config_class)):
        value = flags.get(each.name, each.default)
        if value == each.default or each.name in NOT_TOLD:
            continue
        switch = isinstance(value, bool)
        words += [flag(f"no_{each.name}" if switch and not value else each.name), *([] if switch else [str(value)])]
    return shlex.join(words)


def ship(shipment: Shipment) -> int:
    """Do the steps that are open, or only list them; 1 when one of them failed."""
    steps, args, best = shipment.steps(), shipment.args, shipment.best
    state = best.with_name(STATE)
    first = _first_open(steps, best, state) if args.start is None else _place(steps, args.start, shipment)
    if args.dry_run:
        print("\n".join(f"{'done' if i < first else 'open'}  {step}" for i, step in enumerate(steps)))
        return 0
    for i, step in enumerate([*steps[first:], None], first):
        done = [each.name for each in steps[:i]]
        manifest.write_json(state, {"weights_sha256": sha256_of(best), "done": done})
        if step is None:
            break
        print(f"[{i + 1}/{len(steps)}] {step}", flush=True)
        if not step.succeeds():
            print(f"error: {step.name} failed: mend what it says, then the same command goes on", file=sys.stderr)
            return 1
    print(f"{shipment.name}: shipped; what was done stands in {state}")
    return 0


def _first_open(steps: list[Step], best: Path, state: Path) -> int:
    """Return the place of the first step that is not done, or whose result is gone; all are open for other weights."""
    done: list[str] = []
    try:
        content = json.loads(state.read_text(encoding="utf-8"))
        done = list(content["done"]) if content["weights_sha256"] == sha256_of(best) else []
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError):
        print(f"{state} cannot be read: every step is done again", file=sys.stderr)
    return next((i for i, step in enumerate(steps) if step.name not in done or not step.is_there()), len(steps))


def _place(steps: list[Step], name: str, shipment: Shipment) -> int:
    """Return the place of the step that ``--from`` names; what needs the registered weights must find them."""
    names = [step.name for step in steps]
    if name not in names:
        raise FlagError(f"--from {name}: the steps of {shipment.name} are {', '.join(names)}")
    if names.index(name) > names.index("register") and not shipment.entry:
        raise FlagError(f"--from {name}: {shipment.best} is not registered as {shipment.name}; leave --from out")
    return names.index(name)


def call(words: tuple[str, ...]) -> int:
    """Run ``python -m WORDS`` and return its exit code."""
    return subprocess.run([sys.executable, "-m", *words]).returncode


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the arguments."""
    parser = make_parser(__doc__)
    known = [*(n for n in MODELS if kind_of(n) in SCRIPTS), ATTRIBUTES]
    parser.add_argument("model", choices=known, help="the model that the run is to be")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or a best.pt")
    parser.add_argument("--data", type=Path, required=True, help="the data set that thresholds and figures come from")
    parser.add_argument("--split", default="validation", help="its photos that choose (default: %(default)s)")
    parser.add_argument("--test", default="test", metavar="SPLIT", help="its photos that judge, if any")
    parser.add_argument("--data-name", default="", help="for the manifest (default: the name that the run was given)")
    parser.add_argument("--command", default="", help="for the manifest (default: from the flags of the run)")
    parser.add_argument("--continues", action="store_true", help="the run started from the shipped weights")
    parser.add_argument("--readme", type=Path, default=card.README, metavar="FILE", help="default: the project's")
    parser.add_argument("--from", dest="start", metavar="STEP", help="do this step and those after it again")
    parser.add_argument("--dry-run", action="store_true", help="list the steps, do nothing")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line and return the exit code: 0 done, 1 a step failed, 2 bad arguments, 130 interrupted."""
    args = parse(argv)
    best = args.run / checkpoints.BEST if args.run.is_dir() else args.run
    return exit_code(lambda: ship(Shipment(args.model, best, args)), interrupted="the same command goes on")


if __name__ == "__main__":
    sys.exit(main())
