"""The app as a whole, without a browser: its navigation and its settings."""

from __future__ import annotations

import ast
import tomllib

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = "ewardrobe/app/script/main.py"
TIMEOUT = 60  # seconds; the first page imports torch


def page_names(repository) -> list[str]:
    """File names in the script's table of pages, in their order."""
    body = ast.parse((repository / SCRIPT).read_text(encoding="utf-8")).body
    table = next(node.value for node in body if isinstance(node, ast.Assign) and node.targets[0].id == "PAGES")
    return [row[0] for row in ast.literal_eval(table)]


@pytest.fixture
def app(repository, monkeypatch):
    monkeypatch.chdir(repository)
    return AppTest.from_file(str(repository / SCRIPT), default_timeout=TIMEOUT)


def test_every_page_is_in_the_navigation(repository):
    assert sorted(page_names(repository)) == sorted(path.stem for path in (repository / "pages").glob("*.py"))


def test_no_module_of_ours_hides_one_of_python(repository):
    """Streamlit puts the script's folder before the standard library: a ``statistics.py`` there would be Python's."""
    folder = (repository / SCRIPT).parent
    assert {path.stem for path in folder.glob("*.py")} == {"__init__", "main"}


def test_app_opens_on_today(app, repository):
    assert page_names(repository)[0] == "today"
    app.run()
    assert not app.exception
    assert app.title or app.header or app.subheader


def test_every_page_runs(app, repository):
    app.run()
    for name in page_names(repository):
        app.switch_page(str(repository / "pages" / f"{name}.py")).run()
        assert not app.exception, name
        assert app.title or app.header or app.subheader, name


@pytest.fixture
def config(repository) -> dict:
    return tomllib.loads((repository / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def test_nothing_is_reported_and_only_this_machine_is_served(config):
    assert config["browser"]["gatherUsageStats"] is False
    assert config["server"]["address"] == "localhost"
    assert config["server"]["enableAgentApi"] is False


def test_the_tabs_icon_is_a_file_of_ours(repository):
    """A Material icon or an emoji as the tab's icon is fetched from another server by the browser."""
    source = (repository / SCRIPT).read_text(encoding="utf-8")
    assert "page_icon=str(ICON)" in source
    assert (repository / "assets" / "icon.png").read_bytes().startswith(b"\x89PNG")


def test_every_setting_is_known_to_streamlit(config):
    """A misspelt option would be ignored with a line in the log that nobody reads."""
    from streamlit import config as streamlit_config

    known = streamlit_config.get_config_options()
    unknown = [name for name in flat(config) if name not in known]
    assert not unknown


def flat(table: dict, prefix: str = "") -> list[str]:
    return [
        name
        for key, value in table.items()
        for name in (flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"])
    ]


def luminance(colour: str) -> float:
    """WCAG 2 relative luminance of ``#rrggbb``, 0..1."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two colours, 1..21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_on_every_background(config, theme):
    colours = config["theme"][theme]
    backgrounds = [colours["backgroundColor"], colours["secondaryBackgroundColor"]]
    backgrounds += [colours["sidebar"]["backgroundColor"], colours["sidebar"]["secondaryBackgroundColor"]]
    for background in backgrounds:
        assert contrast(colours["textColor"], background) >= 7
        assert contrast(colours["linkColor"], background) >= 4.5
    assert contrast(colours["primaryColor"], colours["backgroundColor"]) >= 4
    assert contrast(colours["primaryColor"], "#ffffff") >= 4  # the label of a primary button
