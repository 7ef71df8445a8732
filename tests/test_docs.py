"""What the docs promise is there, and what is there is in the docs: commands, flags, settings, pages, fields, links."""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import commands_page
import pytest

from ewardrobe.__main__ import build_parser, main
from ewardrobe.commands import command_names
from ewardrobe.core.images import png_bytes
from ewardrobe.datasets.synthetic import render_flat_lay
from ewardrobe.feature_store import FeatureStore
from ewardrobe.models.weights import weights_dir
from ewardrobe.wardrobe.item import FIELDS

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").glob("*.md"))]
DOCS += sorted((REPOSITORY / "weights").glob("*.md"))
CODE = [p for folder in ("ewardrobe", "train", "pages", "tests") for p in sorted((REPOSITORY / folder).rglob("*.py"))]
CODE.append(REPOSITORY / "app.py")

MAX_WIDTH = 120
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(r"-m\s+(ewardrobe|ewardrobe\.datasets\.synthetic|train\.[\w.]+)$")
OPEN = re.compile(r"…|\.\.\.|\||^[A-Z_]+$")
"""Marks of a command that is not meant to be typed as it stands: something left out, a choice, a placeholder."""

RUN = {  # heading of a document: its blocks are run as they stand, in a folder with a wardrobe and a data set DIR
    "docs/wardrobe.md": ("## Backup", "## The doctor"),
    "docs/data.md": ("## Converting to COCO or YOLO", "## Reading in Python"),
}


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """Return a document without its code blocks."""
    return FENCE.sub("", text_of(path))


def described(name: str) -> set[str]:
    """Words between backticks in a document."""
    return set(re.findall(r"`([\w/.]+)`", text_of(REPOSITORY / name)))


# What is there is in the docs


def test_the_page_of_commands_is_what_the_programs_say():
    told = "python -m tests.commands_page writes it anew"
    assert text_of(commands_page.PAGE) == commands_page.page(), told


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for name in command_names():
        parser = commands_page.app_parser(name)
        yield name, parser
        yield from ((f"{name} {below}", p) for below, p in commands_page.commands_of(parser).items())
    for module in (*commands_page.training_scripts(), *commands_page.OTHERS):
        yield module, commands_page.script_parser(module)


def test_every_flag_says_what_it_is_for():
    silent = [f"{name} {a.dest}" for name, p in parsers() for a in commands_page.arguments(p) if not a.help]
    assert not silent


SETTING = re.compile(r"\bEWARDROBE_[A-Z]+(?:_[A-Z]+)*\b")


def test_every_setting_is_documented_and_every_documented_setting_exists():
    read = {v for path in CODE if "tests" not in path.parts for v in SETTING.findall(text_of(path))}
    in_tests = {v for path in CODE if "tests" in path.parts for v in SETTING.findall(text_of(path))}
    assert read == documented_settings("README.md")
    assert documented_settings("CONTRIBUTING.md") <= in_tests


def documented_settings(name: str) -> set[str]:
    return set(re.findall(r"^\| `(EWARDROBE_\w+)` \|", text_of(REPOSITORY / name), re.MULTILINE))


def test_every_page_is_in_the_readme():
    code = [path for path in CODE if "PAGES" in text_of(path) and "tests" not in path.parts]
    rows = [value for path in code for name, value in assigned(path) if name == "PAGES"]
    titles = [title for _, title, *_ in ast.literal_eval(rows[0])]
    assert titles
    assert not [title for title in titles if f"- **{title}.**" not in text_of(REPOSITORY / "README.md")]


def assigned(path: Path) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.parse(text_of(path)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def test_every_field_of_a_garment_is_documented():
    assert not {"id", *FIELDS} - described("docs/wardrobe.md")


def test_everything_that_is_stored_is_documented(wardrobe_home):
    store = FeatureStore()
    outfits = store.outfits
    first = store.add({"type": "coat"})
    store.update(first, brand="Acme")
    store.remove(first)
    kept = outfits.save("Monday", ["a", "b"], {"a": (0, 0, 1, 0)})
    outfits.plan(date(2026, 3, 31), ["a", "b"], kept)
    outfits.rate(["a", "b"], True, {"harmony": 0.5}, date(2026, 3, 31))
    files = (wardrobe_home / "wardrobe.json", wardrobe_home / "outfits.json")
    documents = [json.loads(path.read_bytes()) for path in files]
    entries = [e for part in documents[1].values() if isinstance(part, list) for e in part]
    lines = (wardrobe_home / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    entries += [json.loads(line) for line in lines if line]
    assert len(entries) >= 6
    assert not {key for entry in (*documents, *entries) for key in entry} - described("docs/wardrobe.md")


# What the docs promise is there


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_lines_are_short(path):
    lines = enumerate(text_of(path).splitlines(), 1)
    assert not [n for n, line in lines if len(line) > MAX_WIDTH and not line.lstrip().startswith("|")]


def anchors(path: Path) -> set[str]:
    """Names that a heading of a document can be linked by, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", prose(path)):
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), link
        assert not anchor or anchor in anchors(found), link


def test_generated_figures_are_those_of_the_shipped_weights():
    from train import card
    from train.cards import outfits

    told = "python -m train.card and python -m train.cards.outfits write them anew"
    for path, text in (*card.documents(weights_dir()).items(), outfits.document(weights_dir())):
        assert text_of(path) == text, f"{name_of(path)}: {told}"


def commands_in(texts: list[str]) -> list[list[str]]:
    """Return the commands of this project in pieces of code, as lists of words."""
    lines = [line for text in texts for line in text.replace("\\\n", " ").split("\n")]
    parts = [part for line in lines if " -m " in line for part in re.split(r"\s&&\s", line)]
    return [words for part in parts if (words := project_words(part))]


def blocks_of(path: Path) -> list[str]:
    return [body for language, body in FENCE.findall(text_of(path)) if language in ("", "bash")]


def spans_of(path: Path) -> list[str]:
    return [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose(path))]


def project_words(line: str) -> list[str]:
    """Return the module and its arguments of a line that starts one of the project's programs, else an empty list."""
    words = shlex.split(line, comments=True)
    starts = [n for n, word in enumerate(words[:-1]) if word == "-m" and PROGRAM.match(f"-m {words[n + 1]}")]
    return words[starts[0] + 1 :] if starts else []


def fault(words: list[str], whole: bool = True) -> str:
    """Return what is wrong with a command: with all of it, or only with its name and flags; empty if nothing is."""
    module, rest = words[0], words[1:]
    if not whole or any(OPEN.search(word) for word in rest) or module == "train.sweep":
        return unknown(module, rest)
    parser = build_parser(rest) if module == "ewardrobe" else commands_page.script_parser(module)
    try:
        parser.parse_args(rest)
    except SystemExit as stop:
        return "refused" if stop.code else ""
    return ""


def unknown(module: str, words: list[str]) -> str:
    """Return the flags, or the command, that are not there."""
    found = parsers_of(module, words)
    known = {flag for parser in found for flag in parser._option_string_actions}
    flags = {word.partition("=")[0] for word in words if word.startswith("--")}
    return f"unknown: {sorted(flags - known)}" if flags - known or not found else ""


def parsers_of(module: str, words: list[str]) -> list[argparse.ArgumentParser]:
    """Return the parsers that read the flags of a command; none for a command that is not there."""
    if module == "train.sweep":  # passes on what the training takes
        return [commands_page.script_parser(name) for name in (module, *(f"train.{word}" for word in words[:1]))]
    if module != "ewardrobe":
        return [commands_page.script_parser(module)]
    named = [word for word in words if not word.startswith("-")]
    if not named or named[0] in ("NAME", "COMMAND"):
        return [build_parser([])]
    if named[0] not in command_names():
        return []
    parser = commands_page.app_parser(named[0])
    return [parser, *(p for name, p in commands_page.commands_of(parser).items() if name in named)]


@pytest.mark.parametrize("path", [p for p in DOCS if p.parent.name != "weights"], ids=name_of)  # cards tell the past
def test_commands_in_the_docs_can_be_typed(path, capsys):
    for whole, texts in ((True, blocks_of(path)), (False, spans_of(path))):
        for words in commands_in(texts):
            assert not fault(words, whole), (words, capsys.readouterr().err)


def test_a_wrong_flag_in_the_docs_is_found():
    assert fault(["ewardrobe", "mend"])
    assert fault(shlex.split("ewardrobe doctor --mend"))
    assert fault(shlex.split("ewardrobe benchmark models --data DIR --mend"))
    assert fault(shlex.split("train.unet --data DIR --learning-rate 1"))
    assert fault(shlex.split("train.unet --steps many"))


def blocks_under(path: Path, heading: str) -> Iterator[tuple[str, str]]:
    """Yield (language, body) of the code blocks below a heading, up to the next one of its rank."""
    rank = heading.split(" ", 1)[0]
    start = text_of(path).index(f"\n{heading}\n") + 1
    rest = re.split(rf"^{rank} ", text_of(path)[start + len(heading) :], maxsplit=1, flags=re.MULTILINE)
    yield from FENCE.findall(rest[0])


@pytest.mark.parametrize(
    ("name", "heading"), [(n, h) for n, headings in RUN.items() for h in headings], ids=lambda value: value.strip("# ")
)
def test_code_in_the_docs_runs(name, heading, tmp_path, monkeypatch, rendered_dataset):
    (tmp_path / "DIR").symlink_to(rendered_dataset)
    monkeypatch.chdir(tmp_path)
    picture = render_flat_lay(1, seed=1)
    FeatureStore().add({"type": "t-shirt"}, None, png_bytes(picture.image))
    blocks = list(blocks_under(REPOSITORY / name, heading))
    assert blocks
    for number, (language, body) in enumerate(blocks):
        if language == "python":
            exec(compile(body, f"{name}: {heading}", "exec"), {"transforms": None, "__name__": "__main__"})
        for words in map(project_words, body.split("\n") if language != "python" else ()):
            assert not words or main([word.replace("OUT", f"OUT{number}-{words[-2]}") for word in words[1:]]) == 0


# Without what only GPUs, development and training need

UNWANTED = ("requirements-torch.txt", "requirements-train.txt", "requirements-dev.txt")
BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Without(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Without())
"""
COMMANDS = """
from ewardrobe.__main__ import main
from ewardrobe.commands import command_names
for name in command_names():
    try:
        main([name, "--help"])
    except SystemExit as stop:
        assert stop.code == 0, name
assert main(["segment", "photo.png", "--out", "out", "--model", "yolo"]) == 0
assert main(["doctor"]) == 0
"""
PAGES = """
from pathlib import Path
from ewardrobe.core import process
process.configure()
from streamlit.testing.v1 import AppTest
from ewardrobe.models import MODELS, cache
for page in sorted(Path(sys.argv[1]).glob("pages/*.py")):
    shown = AppTest.from_file(str(page), default_timeout=120).run()
    assert shown.title and not shown.exception, (page.name, shown.exception)
for name in MODELS:
    cache.segmenter(name)
cache.classifier()
"""


def unwanted_modules() -> set[str]:
    """Modules of the packages that only training and development ask for."""
    from importlib.metadata import packages_distributions

    lines = [line for name in UNWANTED for line in text_of(REPOSITORY / name).splitlines()]
    names = {line.partition("==")[0].strip().lower() for line in lines if "==" in line and not line.startswith("#")}
    return {m for m, found in packages_distributions().items() if names & {n.lower() for n in found}}


@pytest.mark.parametrize("what", [COMMANDS, PAGES], ids=["commands", "pages"])
def test_the_app_works_without_pytorch_development_and_training_packages(tmp_path, what):
    modules = unwanted_modules()
    assert {"torch", "torchvision", "ultralytics", "pytest", "optuna", "lightning_fabric"} <= modules
    (tmp_path / "photo.png").write_bytes(png_bytes(render_flat_lay(1, seed=1).image))
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "EWARDROBE_HOME": str(tmp_path / "home")}
    FeatureStore(tmp_path / "home").add({"type": "coat"})
    program = [sys.executable, "-c", BLOCKED.format(modules=modules) + what, str(REPOSITORY)]
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert what == PAGES or list((tmp_path / "out").glob("*.overlay.png"))


# Arrays: a docstring says shape and dtype, or its module does for all that stands in it

ARRAY = re.compile(r"\b(ndarray|Tensor|NDArray)\b")
BRACKETS = re.compile(r"\(([^()\n]*,[^()\n]*)\)")
SIDE = re.compile(r"\.\.\.|…|[\w']{0,12}( ?[*/+-] ?\w{1,8}){0,3}")
DTYPE = re.compile(r"\b(u?int(8|16|32|64)?|float(16|32|64)?|bool|str)\b")


def says_a_shape(text: str) -> bool:
    """Tell whether a text holds a shape such as (N, 2), (…, 3) or (h/2, w/2)."""
    return any(all(SIDE.fullmatch(side.strip()) for side in found.split(",")) for found in BRACKETS.findall(text))


def silent_about_arrays(path: Path) -> Iterator[str]:
    """Yield the public functions of a file that take or return arrays and do not say of which shape and dtype."""
    tree = ast.parse(text_of(path))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for place, functions in [(tree, tree.body), *((c, c.body) for c in classes)]:
        around = "\n\n".join(ast.get_docstring(n) or "" for n in {tree, place})
        for function in (n for n in functions if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")):
            arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
            types = [t for t in (*(a.annotation for a in arguments), function.returns) if t is not None]
            told = f"{ast.get_docstring(function)}\n\n{around}"
            if ARRAY.search(" ".join(map(ast.unparse, types))) and not (says_a_shape(told) and DTYPE.search(told)):
                yield f"{name_of(path)}:{function.lineno} {function.name}"


def test_docstrings_of_arrays_give_shape_and_dtype():
    silent = [line for path in CODE if "ewardrobe" in path.parts for line in silent_about_arrays(path)]
    assert not silent, "\n".join(silent)
