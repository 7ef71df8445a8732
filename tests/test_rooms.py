"""The rooms of the house: who may import whom, what stands at the top, how long a function gets."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "core": "",
    "datasets": "core",
    "models": "core",
    "wardrobe": "core",
    "feature_store": "core datasets models wardrobe",
    "garments": "core models wardrobe feature_store",
    "outfits": "core models wardrobe",
    "tryon": "core datasets models wardrobe garments",
    "evaluation": "core datasets models wardrobe garments outfits tryon",
    "app": "core datasets models wardrobe feature_store garments outfits tryon evaluation",
    "commands": "core datasets models wardrobe feature_store garments outfits tryon evaluation app",
}
"""The rooms from the bottom up, and what each may import beside itself."""

TRAIN = ("loop", "search", "attributes", "cards")
"""The same inside ``train/``: each may import those before it; the scripts stand above them."""

MAX_FUNCTION_LINES = 45

ONLY = {
    "streamlit": ("ewardrobe/app/", "pages/", "app.py"),
    "streamlit_webrtc": ("ewardrobe/app/",),
}
"""Packages that only these places may import, inside functions too."""

FILES = [
    *(path for folder in ("ewardrobe", "train", "pages") for path in sorted((REPOSITORY / folder).rglob("*.py"))),
    REPOSITORY / "app.py",
]


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Dotted names of all that a file imports, inside functions too; the project has no relative imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(path)}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    """Return the room of a file; for what stands outside the rooms the first part of its path."""
    parts = name_of(path).split("/")
    return parts[1] if parts[0] == "ewardrobe" and len(parts) > 2 else parts[0]


def forbidden(path: Path, name: str) -> bool:
    """Tell whether the file at ``path`` may not import ``name``."""
    parts, own = name.split("."), room(path)
    if parts[0] in ("pages", "tests"):
        return True
    if parts[0] == "train":
        return own != "train" or _is_above(path, parts)
    if parts[0] != "ewardrobe" or len(parts) < 2 or parts[1] not in MAY_IMPORT or parts[1] == own:
        return False
    if own == "train":
        return parts[1] in ("app", "commands")
    if own == "commands" and parts[1] == "app":
        return parts[2:3] != ["server"]
    return own in MAY_IMPORT and parts[1] not in MAY_IMPORT[own].split()


def _is_above(path: Path, parts: list[str]) -> bool:
    """Tell whether ``train.X`` stands above the file of ``train/`` at ``path``."""
    floors = {name: floor for floor, name in enumerate(TRAIN)}
    here = name_of(path).split("/")
    mine = floors.get(here[1], len(TRAIN)) if len(here) > 2 else len(TRAIN)
    return floors.get(parts[1], len(TRAIN)) > mine if len(parts) > 1 else False


def test_imports_go_down():
    found = [(path, name) for path in FILES for name in imports(path)]
    assert len(found) > len(FILES)
    assert not [f"{name} in {name_of(path)}" for path, name in found if forbidden(path, name)]


def test_streamlit_stays_in_its_room():
    found = [(name_of(path), name) for path in FILES for name in imports(path) if name.partition(".")[0] in ONLY]
    assert found
    assert not [f"{name} in {place}" for place, name in found if not place.startswith(ONLY[name.partition(".")[0]])]


def test_the_top_of_the_package_is_the_rooms():
    there = {path.name for path in (REPOSITORY / "ewardrobe").iterdir() if path.name != "__pycache__"}
    assert there == {*MAY_IMPORT, "__init__.py", "__main__.py"}


def test_every_room_says_what_it_is():
    said = {name: ast.get_docstring(tree(REPOSITORY / "ewardrobe" / name / "__init__.py")) for name in MAY_IMPORT}
    assert not [name for name, text in said.items() if not text]


def test_functions_are_short():
    functions = [
        (path, node)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [(path, node) for path, node in functions if node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES]
    assert len(functions) > len(FILES)
    assert not [f"{node.name} in {name_of(path)}" for path, node in long]


def test_no_class_name_stands_twice():
    found = defaultdict(list)
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name_of(path))
    assert not {name: places for name, places in found.items() if len(places) > 1}
