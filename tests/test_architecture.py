"""Rules of the house that a reader relies on: who imports whom, how long a file gets, what is documented and pinned."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = sorted((REPOSITORY / "ewardrobe").rglob("*.py"))
PAGES = sorted((REPOSITORY / "pages").glob("*.py"))
TRAIN = sorted((REPOSITORY / "train").rglob("*.py"))
REQUIREMENTS = sorted(REPOSITORY.glob("requirements*.txt"))

WHOLE = ("requirements-app.txt", "requirements-torch.txt")
"""What requirements.txt names."""

OPTIONAL = ("requirements-text.txt", "requirements-ray.txt", "requirements-onnx.txt")
"""Extras: imported inside functions alone, by whoever has installed them."""

DISTRIBUTIONS = {"open_clip": "open-clip-torch"}
"""What an extra's module is called on PyPI, where it is not installed."""

MAX_PAGE_LINES = 110

# Written apart, so that this file does not contain what it looks for.
MACHINE_PATHS = re.compile(
    "|".join([r"/wo" + r"rk/", r"/tm" + r"p/ew", r"/ro" + r"ot/", r"/ho" + r"me/[a-z]", r"/Us" + r"ers/[a-z]"])
)


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_modules(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def public_definitions(body: list[ast.stmt], prefix: str = ""):
    """Yield (name, node) of the public functions, classes and methods; ``__init__`` and such speak for themselves."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


def requirement_lines(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [REPOSITORY / name for name in listing.stdout.split("\0") if name]


def test_whatever_is_public_is_documented():
    things = [
        (name_of(path), name, node)
        for path in PACKAGE
        for name, node in [("the module", tree(path)), *public_definitions(tree(path).body)]
    ]
    assert len(things) > len(PACKAGE)
    assert not [f"{name} in {place}" for place, name, node in things if not ast.get_docstring(node)]


def test_pages_leave_files_and_pixels_to_the_package():
    opening = [
        f"{name_of(path)}:{node.lineno}"
        for path in PAGES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    ]
    assert PAGES
    assert not opening
    assert not [name_of(path) for path in PAGES if imported_modules(path) & {"cv2", "torch", "ultralytics"}]


def test_pages_are_thin():
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PAGES}
    assert not {name: count for name, count in lines.items() if count > MAX_PAGE_LINES}


def test_nothing_mentions_one_persons_machine():
    found = []
    for path in tracked_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (UnicodeDecodeError, OSError):  # a binary file, or one that is being renamed
            continue
        found += [f"{name_of(path)}:{number}" for number, line in enumerate(lines, 1) if MACHINE_PATHS.search(line)]
    assert not found


def test_requirements_are_pinned_and_explained():
    lines = {path: requirement_lines(path) for path in REQUIREMENTS if path.name != "requirements.txt"}
    pin = re.compile(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*")
    assert lines and all(lines.values())
    assert not [f"{line} in {name_of(path)}" for path in lines for line in lines[path] if not pin.fullmatch(line)]
    assert not [name_of(p) for p in lines if p.read_text(encoding="utf-8").count("#") < len(lines[p]) // 2]


@pytest.mark.parametrize(
    ("files", "requirements"),
    [
        (PACKAGE + PAGES + [REPOSITORY / "app.py"], [*WHOLE, *OPTIONAL]),
        (TRAIN, [*WHOLE, "requirements-train.txt"]),
    ],
    ids=["app", "train"],
)
def test_whatever_is_imported_is_required(files, requirements):
    """What comes along with another package today may not come along tomorrow."""
    required = {line.partition("==")[0] for name in requirements for line in requirement_lines(REPOSITORY / name)}
    own = set(sys.stdlib_module_names) | {"ewardrobe", "train"}
    distributions = packages_distributions()
    missing = {
        f"{module} in {name_of(path)}"
        for path in files
        for module in imported_modules(path) - own
        if not required
        & {name.lower().replace("_", "-") for name in distributions.get(module, [DISTRIBUTIONS.get(module, module)])}
    }
    assert not missing


def test_the_whole_is_the_app_and_pytorch():
    named = [line.partition("-r ")[2] for line in (REPOSITORY / "requirements.txt").read_text().splitlines()]
    assert [name for name in named if name] == list(WHOLE)


def test_extras_are_imported_only_where_they_are_used():
    """Without an extra every module can still be imported."""
    required = {line.partition("==")[0] for name in OPTIONAL for line in requirement_lines(REPOSITORY / name)}
    modules = {m for m, names in packages_distributions().items() if required & {n.lower() for n in names}}
    top = {
        (name_of(path), ((node.module or "") if isinstance(node, ast.ImportFrom) else alias.name).partition(".")[0])
        for path in PACKAGE + PAGES
        for node in tree(path).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert top
    assert not [f"{module} in {place}" for place, module in top if module in modules | {"open_clip", "ray"}]


def test_one_opencv_only():
    names = {line.partition("==")[0] for path in REQUIREMENTS for line in requirement_lines(path)}
    assert names & {"opencv-python", "opencv-python-headless", "opencv-contrib-python"} == {"opencv-python"}


def test_readme_begins_with_commands_that_exist():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make (\w+)", readme, re.MULTILINE))
    assert {"app", "test"} <= targets
    assert not [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)]
    assert "pip install -r requirements-app.txt" in readme and "-r requirements.txt" in readme
