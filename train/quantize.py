"""Make a model's networks in eight bits for OpenVINO, measure them, and ship them where it pays.

    python -m train.quantize unet --data DATA               # writes runs/int8 and says whether it pays
    python -m train.quantize unet --data DATA --ship        # also into weights/ and its manifest, if it does

Post-training quantisation (NNCF): the ranges of the activations come from ``--calibration`` photos of the training
split.  It pays when mask AP (categories with at least ten garments) falls by less than ``MAX_LOSS`` on the validation
photos and the network is at least ``MIN_GAIN`` times as fast.  What is shipped is bound to the checksum of the weights
that it was made of: after the next training it is ignored until this command has run again.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ewardrobe.core import atomic
from ewardrobe.core.arguments import positive
from ewardrobe.core.images import load_image
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2
from ewardrobe.evaluation import held_out, provenance
from ewardrobe.evaluation.benchmarks.exports import NetworkTimer, measure
from ewardrobe.models import NETWORKS, SHOWN_SCORE
from ewardrobe.models.networks import exports
from ewardrobe.models.networks.on_torch import TorchNetwork
from ewardrobe.models.networks.tracing import convert
from ewardrobe.models.weights import weights_dir
from train.cards import manifest
from train.loop.config import exit_code, make_parser

MAX_LOSS, MIN_GAIN = 0.01, 1.3
KEPT_INPUTS = 60
"""Inputs kept of a part that is no picture: a Mask R-CNN's regions take a megabyte a photo."""


class Recorder(NetworkTimer):
    """Runs a part and keeps what it was given."""

    def __init__(self, part: exports.NetworkPart, count: int) -> None:
        super().__init__(TorchNetwork(part.module))
        self.count = count if part.name in (exports.WHOLE, "body") else KEPT_INPUTS
        self.inputs: list[np.ndarray] = []

    def __call__(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the outputs for one input, both float32: (B, C, H, W) of a picture, else as the part has them."""
        if len(self.inputs) < self.count:
            self.inputs.append(np.array(inputs[0]))
        return super().__call__(*inputs)


def calibration_inputs(source: exports.Source, dataset: DeepFashion2, count: int) -> dict[str, list[np.ndarray]]:
    """Return what each part of the model is given on ``count`` photos, spread over ``dataset``.

    A network that is one part is given pictures (1, 3, H, W) float32.  ``DatasetError`` when a part is given nothing.
    """
    recorders = {part.name: Recorder(part, count) for part in source.parts}
    segmenter = exports.with_networks(source.segmenter, {**recorders})
    segmenter = segmenter.at(segmenter.size)  # without the mirrored view: another photo says more
    for record in dataset.records(count):
        segmenter.predict(load_image(record.image_path, max_side=None), SHOWN_SCORE)
    if not all(recorder.inputs for recorder in recorders.values()):
        raise DatasetError("too few photos with garments to calibrate on: give more with --calibration")
    return {name: recorder.inputs for name, recorder in recorders.items()}


def quantise(part: exports.NetworkPart, inputs: list[np.ndarray], preset: str, ignore: Sequence[str]) -> Any:
    """Return ``part`` as a model of OpenVINO in eight bits.

    inputs: float32 as `calibration_inputs` gives them, (1, 3, H, W) of a picture.  preset: NNCF's, ``performance``
    (symmetric) or ``mixed`` (activations asymmetric).  ignore: regular expressions of layers that stay in f32.
    """
    import nncf

    nncf.set_log_level(logging.ERROR)
    return nncf.quantize(
        convert(part.module, part.example),
        nncf.Dataset(inputs),
        preset=nncf.QuantizationPreset(preset),
        subset_size=len(inputs),
        ignored_scope=nncf.IgnoredScope(patterns=list(ignore), validate=False),
    )


def write_int8(source: exports.Source, models: dict[str, Any], folder: Path, notes: dict[str, Any]) -> dict[str, Any]:
    """Write the quantised parts to ``folder`` with a JSON that describes them; returns its content, ``notes`` in it."""
    import openvino

    folder.mkdir(parents=True, exist_ok=True)
    description = description_of(source.model, folder)
    description.unlink(missing_ok=True)  # it never describes files that are being replaced
    files: dict[str, dict[str, Any]] = {}
    for part, model in models.items():
        path = folder / f"{exports.int8_stem(source.model, part)}.xml"
        openvino.save_model(model, path)
        files |= {each.name: manifest.checksum(each) for each in (path, path.with_suffix(".bin"))}
    entry = {"source_sha256": source.sha256, "files": files, **notes}
    manifest.write_json(description, entry)
    return entry


def description_of(model: str, folder: Path) -> Path:
    """Return the file that says what lies in ``folder``; once that is measured it holds ``ap_loss`` and ``gain``."""
    return folder / f"{model}.int8.json"


def verdict(plain: dict[str, Any], int8: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return what eight bits bring and whether they pay; ``plain`` and ``int8`` are rows of ``benchmark exports``."""
    gain = plain["network_ms_median"] / int8["network_ms_median"]
    loss = int8["ap_loss"]
    pays = loss is not None and loss < MAX_LOSS and gain >= MIN_GAIN
    return {"ap_loss": None if loss is None else round(loss, 4), "gain": round(gain, 2), "photos": int8["photos"]}, pays


def ship(model: str, entry: dict[str, Any], source: Path, folder: Path) -> None:
    """Copy the files of ``entry`` from ``source`` to ``folder`` and enter them in its manifest."""
    known = {key: value for key, value in manifest.entries(folder)[model].items() if key != "int8"}
    manifest.enter(model, known, folder)  # without the old files while they are replaced: the app then runs f32
    for name in entry["files"]:
        atomic.write_bytes(folder / name, (source / name).read_bytes())
    manifest.enter(model, known | {"int8": entry}, folder)


def _run(args: argparse.Namespace) -> int:
    """Quantise, measure, tell, ship; 1 when it was to be shipped and does not pay."""
    source = exports.read_source(args.model)
    inputs = calibration_inputs(source, DeepFashion2(args.data, "train"), args.calibration)
    models = {part.name: quantise(part, inputs[part.name], args.preset, args.ignore) for part in source.parts}
    told = ("data", "calibration", "preset", "ignore")
    command = provenance.command_line(f"train.quantize {args.model}", args, told)
    entry = write_int8(source, models, args.out, {"command": command, "date": manifest.today()})
    del inputs, models
    photos, forms = DeepFashion2(args.data, args.split), ("openvino", "openvino-int8")
    plain, int8 = measure(args.model, photos, forms, int8=args.out, limit=args.limit, progress=True)
    result, pays = verdict(plain, int8)
    manifest.write_json(description_of(args.model, args.out), entry | result)
    print(_told(plain, int8, result, pays))
    if not args.ship:
        return 0
    if not pays or len(source.parts) > 1:
        print("not shipped: " + ("it does not pay" if not pays else "the app runs this model in parts, on torch"))
        return 1
    judged = manifest.photos("eight bits", args.data, args.split, weights_dir())
    ship(args.model, entry | result | {held_out.PHOTOS: [judged]}, args.out, weights_dir())
    return 0


def _told(plain: dict[str, Any], int8: dict[str, Any], result: dict[str, Any], pays: bool) -> str:
    keys = ["size_mb", "network_ms_median", "predict_ms_median", "mask_ap_min10", "mask_ap50_min10"]
    shown = pd.DataFrame({"f32": plain, "int8": int8}).loc[keys].astype(float)
    loss = "–" if result["ap_loss"] is None else f"{result['ap_loss']:.4g}"
    return (
        f"{shown.to_string(na_rep='–', float_format='{:.4g}'.format)}\n"
        f"AP loss {loss} (less than {MAX_LOSS}), {result['gain']:.2f} times as fast (at least {MIN_GAIN}): "
        f"{'pays' if pays else 'does not pay'}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("model", choices=sorted(NETWORKS), help="the network to quantize")
    parser.add_argument("--data", type=Path, required=True, help="a data set in DeepFashion2's layout")
    parser.add_argument("--split", default="validation", help="photos that judge (default: %(default)s)")
    parser.add_argument(
        "--calibration", type=positive, default=300, metavar="N", help="training photos for the ranges (300)"
    )
    parser.add_argument("--preset", choices=("performance", "mixed"), default="performance", help="NNCF's")
    parser.add_argument("--ignore", action="append", default=[], metavar="REGEX", help="layers that stay in f32")
    parser.add_argument("--limit", type=positive, metavar="N", help="judge on at most N photos")
    parser.add_argument("--out", type=Path, default=exports.INT8_FOLDER, help="default: %(default)s")
    parser.add_argument("--ship", action="store_true", help="into weights/ and the manifest, if it pays")
    args = parser.parse_args(argv)
    try:
        return exit_code(lambda: _run(args))
    except ImportError as error:
        print(f"error: {error}: pip install -r requirements-train.txt", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
