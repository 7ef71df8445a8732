"""Scripts and style sheets for the browser: files of their own beside their modules."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib

import pytest

from ewardrobe.app import page


@pytest.fixture
def scripts(repository):
    return sorted((repository / "ewardrobe").rglob("*.js"))


@pytest.mark.skipif(not shutil.which("node"), reason="no node")
def test_every_script_is_javascript(scripts, tmp_path):
    assert scripts
    for script in scripts:
        module = shutil.copy(script, tmp_path / f"{script.stem}.mjs")  # node takes a .js file for no module
        checked = subprocess.run(["node", "--check", module], capture_output=True, text=True, check=False)
        assert not checked.returncode, f"{script}\n{checked.stderr}"


def test_every_script_stands_beside_its_module(scripts):
    for script in scripts:
        assert page.script_beside(str(script.with_suffix(".py"))) == script.read_text(encoding="utf-8")
        assert script.with_suffix(".py").is_file(), f"{script} belongs to no module"
        assert "script_beside(" in "".join(path.read_text(encoding="utf-8") for path in script.parent.glob("*.py"))


def test_no_script_is_written_in_python(repository):
    found = [
        path
        for path in (repository / "ewardrobe").rglob("*.py")
        if re.search(r"<script|export default|addEventListener", path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_every_style_sheet_stands_beside_its_module(repository):
    for sheet in (repository / "ewardrobe").rglob("*.css"):
        assert sheet.with_suffix(".py").is_file(), f"{sheet} belongs to no module"
        code = "".join(path.read_text(encoding="utf-8") for path in sheet.parent.glob("*.py"))
        assert '.with_suffix(".css")' in code or "style_beside(" in code


def test_scripts_and_style_sheets_come_along_with_the_package(repository, scripts):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["ewardrobe"]
    packed = {path for pattern in patterns for path in (repository / "ewardrobe").glob(pattern)}
    assert packed >= {*scripts, *(repository / "ewardrobe").rglob("*.css")}
