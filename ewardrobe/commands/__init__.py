"""The commands of ``python -m ewardrobe``: one file each, found by its name.

A command is a module ``commands/NAME.py`` (``_`` in the name is typed ``-``) with

- a docstring, whose first line is the command's line in ``--help``;
- ``add_arguments(parser)``: gives the parser of ``NAME`` its arguments;
- ``run(args) -> int``: does the work and returns the exit code (0 done, 1 done in part, 2 not done);
- where it changes anything, ``INTERRUPTED``: what Ctrl-C leaves behind, and how to go on.

Nothing else is to be registered.  Import heavy packages inside ``run``: ``NAME --help`` is to be quick too.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent


def command_names() -> list[str]:
    """Return the names of all commands as they are typed, in alphabetical order."""
    files = [*FOLDER.glob("[!_]*.py"), *(path.parent for path in FOLDER.glob("[!_]*/__init__.py"))]
    return sorted(path.stem.replace("_", "-") for path in files)


def summary(name: str) -> str:
    """Return the first line of the docstring of command ``name`` without importing it."""
    path = FOLDER / name.replace("-", "_")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def load_command(name: str) -> ModuleType:
    """Import the module of command ``name``."""
    return import_module(f"{__name__}.{name.replace('-', '_')}")
