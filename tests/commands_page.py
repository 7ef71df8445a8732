"""Write ``docs/commands.md``: every command with every flag, read off the parsers that the commands run.

python -m tests.commands_page
"""

from __future__ import annotations

import argparse
import runpy
import sys
import textwrap
import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from unittest import mock

from ewardrobe.__main__ import build_parser
from ewardrobe.commands import command_names
from train.loop.config import Config, parse_config

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "commands.md"
STARTS = 'if __name__ == "__main__":'
OTHERS = ("ewardrobe.datasets.synthetic",)

HEAD = """# Commands

Everything that can be typed, with every flag. `python -m tests.commands_page` writes this page from the programs
themselves, and a test compares the two. `python -m ewardrobe NAME --help` tells the same.

Exit codes are the same everywhere. 0: done. 1: done in part, or training cannot go on. 2: bad arguments, or nothing
done. 130: interrupted.

## The app's commands

`python -m ewardrobe NAME`; once the package is installed, `ewardrobe NAME` too.
"""
TRAINING = """## Training

`python -m NAME`, with what `requirements-train.txt` installs. More in [training](training.md).

### Flags that the networks' trainings share

For {names}. Where a script has another default, its own table says so.
"""


class Caught(Exception):
    """The parser of a script that was stopped when it began to read its arguments."""


def reading_stops():
    """Return a context in which whoever reads arguments raises ``Caught`` with the parser."""

    def caught(parser, *_, **__):
        raise Caught(parser)

    return mock.patch.multiple(argparse.ArgumentParser, parse_args=caught, parse_known_args=caught)


def app_parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of the command ``name`` of ``python -m ewardrobe``."""
    return commands_of(build_parser([name]))[name]


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands below ``parser``; empty where it has none."""
    found = [a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(found[0]) if found else {}


def training_scripts() -> list[str]:
    """Return the modules of ``train/`` that can be started, as they are typed after ``python -m``."""
    files = [p for p in (REPOSITORY / "train").rglob("*.py") if STARTS in p.read_text(encoding="utf-8")]
    parts = (p.relative_to(REPOSITORY).with_suffix("").parts for p in files)
    return sorted(".".join(p).removesuffix(".__main__") for p in parts)


@cache
def script_parser(module: str) -> argparse.ArgumentParser:
    """Return the parser of ``python -m module``: the script is started, and stopped when it reads its arguments."""
    try:
        with reading_stops(), mock.patch.object(sys, "argv", [module]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # runpy: the module may have been imported before
            runpy.run_module(module, run_name="__main__")
    except Caught as stop:
        return stop.args[0]
    raise RuntimeError(f"{module} read no arguments")


def shared_parser() -> argparse.ArgumentParser:
    """Return a parser with the flags of ``train.loop.config.Config`` alone."""
    try:
        with reading_stops():
            parse_config(Config, "")
    except Caught as stop:
        return stop.args[0]
    raise RuntimeError("train.loop.config.parse_config read no arguments")


def arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the arguments and flags of ``parser``, ``--help`` and the commands below it left out."""
    left_out = (argparse._HelpAction, argparse._SubParsersAction)
    return [a for a in parser._actions if not isinstance(a, left_out)]


def row(parser: argparse.ArgumentParser, action: argparse.Action) -> tuple[str, str]:
    """Return what is typed and what it means."""
    formatter = parser._get_formatter()
    typed = action.option_strings[0] if action.option_strings else ""
    if isinstance(action, argparse.BooleanOptionalAction):
        typed = ", ".join(action.option_strings)
    elif action.nargs != 0:
        value = formatter._format_args(action, formatter._get_default_metavar_for_optional(action))
        typed = f"{typed} {value if typed else formatter._format_args(action, action.dest)}".strip()
    needed = "" if not action.option_strings or not action.required else "needed; "
    return typed, needed + (formatter._expand_help(action) if action.help else "")


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of two columns; empty without rows."""
    cells = ["| " + " | ".join((f"`{typed.replace('|', '¦')}`", meaning)) + " |" for typed, meaning in rows]
    return "\n".join(["| typed | meaning |", "|---|---|", *cells]).replace("¦", "\\|") + "\n" if cells else ""


def section(title: str, parser: argparse.ArgumentParser, leave_out: frozenset = frozenset()) -> str:
    """Return a heading, the parser's description and its table, without the rows in ``leave_out``."""
    rows = [r for r in (row(parser, action) for action in arguments(parser)) if r not in leave_out]
    parts = [f"### {title}\n", described(parser), table(rows)]
    parts += [section(f"{title} {name}", below) for name, below in commands_of(parser).items()]
    return "\n".join(part for part in parts if part)


def described(parser: argparse.ArgumentParser) -> str:
    """Return the description with lines of at most 120 characters."""
    lines = (parser.description or "").strip().split("\n")
    return "\n".join(textwrap.fill(line, 120) if len(line) > 120 else line for line in lines) + "\n"


def page() -> str:
    """Return the whole page."""
    shared_by, own = shared_parser(), {name: script_parser(name) for name in training_scripts()}
    shared = frozenset(row(shared_by, action) for action in arguments(shared_by))
    flags = {a.dest for a in arguments(shared_by)}
    sharing = [name for name, parser in own.items() if flags <= {a.dest for a in arguments(parser)}]
    parts = [HEAD, *(section(name, app_parser(name)) for name in command_names())]
    parts += ["## Drawn photos\n", *(section(f"python -m {name}", script_parser(name)) for name in OTHERS)]
    parts.append(TRAINING.format(names=", ".join(f"`{name}`" for name in sharing)))
    parts.append(table(row(shared_by, action) for action in arguments(shared_by)))
    parts += [section(name, parser, shared if name in sharing else frozenset()) for name, parser in own.items()]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
