"""The command line: ``python -m ewardrobe COMMAND``, the same functions that the pages call.

Only the chosen command is imported, so that ``--help`` answers at once and needs no PyTorch.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ewardrobe import __version__
from ewardrobe.commands import command_names, load_command, summary
from ewardrobe.core import process

EXPECTED_ERRORS = frozenset(
    {"CommandError", "ImageError", "StoreError", "WeightsError", "DatasetError", "TextSearchError", "SettingError"}
)
"""Errors of this package whose message is written for the user; by name, since importing them costs seconds."""

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``argv`` defaults to the process's arguments.

    0: done.  1: done in part (the command's own word).  2: bad arguments, or an error that the user can cure, told
    in one line on stderr.  An error that nobody expected keeps its traceback.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    name = _command_in(argv)
    try:
        process.configure()
        args = build_parser(argv).parse_args(argv)
        return load_command(args.command).run(args) or 0
    except KeyboardInterrupt:
        print(f"interrupted: {_what_is_left(name)}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader, such as ``head``, has gone: not an error of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except Exception as error:
        told = error if is_expected(error) else process.no_temporary_folder(error) or _of_a_file(error)
        if told is None:
            raise
        print(f"ewardrobe{f' {name}' if name else ''}: {told}", file=sys.stderr)
        return EXIT_USAGE


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser with every command's name; only the command that ``argv`` names has its arguments."""
    parser = argparse.ArgumentParser(prog="ewardrobe", description="Photographs of clothes in, a wardrobe out.")
    parser.add_argument("--version", action="version", version=f"ewardrobe {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = _command_in(argv)
    for name in command_names():
        module = load_command(name) if name == chosen else None
        described = module.__doc__ if module else None
        layout = argparse.RawDescriptionHelpFormatter
        below = subparsers.add_parser(name, help=summary(name), description=described, formatter_class=layout)
        if module:
            module.add_arguments(below)
    return parser


def _command_in(argv: Sequence[str]) -> str | None:
    return next((word for word in argv if not word.startswith("-")), None)


def _what_is_left(name: str | None) -> str:
    """Return what an interrupted command leaves behind and how to go on, in its own words."""
    module = sys.modules.get(f"ewardrobe.commands.{(name or '').replace('-', '_')}")
    return getattr(module, "INTERRUPTED", "nothing was changed; the same command begins anew")


def _of_a_file(error: Exception) -> str | None:
    """Return what is wrong with a file that the operating system refuses, which is no fault of the program's."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}; check the file, its folder and their permissions"
    return None


def is_expected(error: BaseException) -> bool:
    """Tell whether ``error`` is one of this package's errors that are told in one line."""
    return any(c.__name__ in EXPECTED_ERRORS and c.__module__.startswith("ewardrobe.") for c in type(error).__mro__)


if __name__ == "__main__":
    sys.exit(main())
