"""Measure speed and memory: models side by side, each in a process of its own; their exports; the live view."""

from __future__ import annotations

import argparse

from ewardrobe.commands.benchmark import exports, live, models


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be measured, and its arguments."""
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for module in (models, exports, live):
        text = module.__doc__
        below = what.add_parser(module.__name__.rpartition(".")[2], help=text, description=text)
        module.add_arguments(below)
        below.set_defaults(measure=module.run)


def run(args: argparse.Namespace) -> int:
    """Measure what was asked for; 1 when a model could not be measured."""
    return args.measure(args)
