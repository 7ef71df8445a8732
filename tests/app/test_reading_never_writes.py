"""Reading never writes: whatever is opened, no file of the wardrobe changes; and only what was entered is saved."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from browser import running_server
from streamlit.testing.v1 import AppTest
from wardrobe_items import rendered
from wardrobe_page import editors, run

from ewardrobe.app import fields
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore

PAGES = ("", "wardrobe", "outfits", "statistics", "live_try_on", "compare_models", "metrics", "exchange")
ITEM_TABS = ("Details", "History", "Similar", "Outfits", "Details")


def contents(home: Path) -> dict[str, bytes]:
    """Return every file of a wardrobe's folder."""
    return {str(path.relative_to(home)): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def full_wardrobe(home: Path) -> list[str]:
    """Make a wardrobe whose items have every field, worn, in outfits, planned; return their ids."""
    store = FeatureStore(home)
    ids = rendered(store, 4)
    for item_id in ids:
        facts = {"brand": "Acme", "size": "M", "price": 20.0, "notes": "from the market", "tags": ["work"]}
        store.update(item_id, **facts, favourite=True, season=["winter"], style="casual", wash_interval=3)
    outfits = OutfitStore(home)
    outfit = outfits.save("Monday", ids[:3])
    outfits.plan(date.today() + timedelta(days=1), ids[:3], outfit)
    return ids


# As the browser does it: what is not drawn is forgotten, and comes back with its default unless a value is sent


class Browser:
    """A page without a browser that remembers of its widgets what a browser does."""

    def __init__(self, at: AppTest) -> None:
        self.at, self.held = at, {}
        self._look()

    def _look(self) -> None:
        held = {}
        for widget in [*editors(self.at), *self.at.text_area]:
            sent = widget.proto.set_value
            held[widget.id] = widget.value if sent else self.held.get(widget.id, _default(widget))
            widget.set_value(held[widget.id]) if not widget.disabled else None
        self.held = held

    def run(self) -> None:
        run(self.at)
        self._look()

    def open_tab(self, name: str) -> None:
        self.at.session_state["item-tab"] = name
        self.run()

    def click(self, key: str) -> None:
        self.at.button(key=key).click()
        self.run()

    def click_unseen(self, key: str) -> None:
        """Press a button whose page is never shown: the next one has taken its place before the browser draws."""
        told = self.at._tree.get_widget_states()
        self.at.button(key=key).click()
        run(self.at)
        self.at._run(told)
        assert not self.at.exception
        self._look()

    def click_twice(self, first: str, second: str) -> None:
        """Press a button while the page that another one brings is on its way.

        The second request still tells of the widgets that the first page had.  They are forgotten before its answer
        comes.
        """
        old = self.at._tree.get_widget_states().widgets
        self.click(first)
        self.at.button(key=second).click()
        told = self.at._tree.get_widget_states()
        told.widgets.extend(state for state in old if state.id not in {new.id for new in told.widgets})
        self.at._run(told)
        assert not self.at.exception
        self._look()


def _default(widget):
    proto = widget.proto
    if widget.type in ("selectbox", "number_input", "text_input", "text_area"):
        default = proto.default if proto.HasField("default") else None
        return widget.options[default] if widget.type == "selectbox" and default is not None else default
    if widget.type == "toggle":
        return proto.default
    return [widget.options[place] for place in proto.default] if widget.type == "multiselect" else None


@pytest.fixture
def page(wardrobe_home, repository) -> tuple[Browser, list[str]]:
    ids = full_wardrobe(wardrobe_home)
    at = AppTest.from_file(str(repository / "pages" / "wardrobe.py"), default_timeout=90)
    run(at)
    at.query_params["item"] = ids[0]
    return Browser(run(at)), ids


def test_a_form_that_was_away_shows_the_item_and_writes_nothing(page, wardrobe_home):
    browser, ids = page
    before = contents(wardrobe_home)
    for tab in ITEM_TABS:
        browser.open_tab(tab)
    for key in ("item-next", "item-previous", "item-previous", "item-next", "item-close"):
        browser.click(key)
    browser.at.query_params["item"] = ids[0]
    browser.run()
    browser.click_twice("item-next", "item-previous")
    browser.run()
    browser.click_unseen("item-next")
    browser.run()
    browser.click_unseen("item-previous")
    browser.run()
    browser.click("item-repair")  # a dialog
    assert contents(wardrobe_home) == before
    store = FeatureStore(wardrobe_home)
    browser.click("item-today")
    assert [entry.what.split()[0] for entry in store.changes()[:1]] == ["logged"]
    assert store.get(ids[0])["brand"] == "Acme"


def interrupted() -> None:
    """A page that shows one field, or ends before it: stopped, or with an error."""
    import streamlit as st

    from ewardrobe.app.fields import showing, whole_page

    stored = st.session_state.setdefault("stored", {"brand": "Acme", "writes": 0})

    def write(value):
        stored.update(brand=value, writes=stored["writes"] + 1)

    end = st.session_state.get("end")
    with whole_page():
        if end == "stop":
            st.stop()
        if end == "error":
            raise RuntimeError("a fault of the page")
        if end != "tab":
            st.text_input("Brand", **showing("brand", stored["brand"], write))


@pytest.mark.parametrize("end", ["tab", "stop", "error"])
def test_a_page_that_ended_early_writes_nothing_when_it_comes_back(end):
    browser = Browser(run(AppTest.from_function(interrupted, default_timeout=30)))
    browser.at.session_state["end"] = end
    browser.at.run()
    browser._look()
    browser.at.session_state["end"] = None
    browser.run()
    browser.run()
    assert browser.at.text_input[0].value == "Acme"
    assert browser.at.session_state["stored"] == {"brand": "Acme", "writes": 0}
    browser.at.text_input[0].set_value("Fjord")
    browser.run()
    assert browser.at.session_state["stored"] == {"brand": "Fjord", "writes": 1}


# A browser that is slower than the server still tells of boxes that are gone


@pytest.fixture
def box(monkeypatch):
    """Return what shows a value and tells of an entry, with all that was written; one session."""
    state, written = {}, []
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(fields, "is_kept", lambda key: key in state)
    monkeypatch.setattr(fields, "is_told", lambda key: key in state)

    def shown(value):
        return fields.showing("box", value, written.append)

    def told(box, value):
        state[box["key"]] = value
        box["on_change"](*box["args"])

    return shown, told, written


def test_only_an_entry_is_written(box):
    shown, told, written = box
    first = shown("skirt")
    told(first, "skirt")
    assert written == []
    told(first, "dress")
    told(first, "skirt")  # entered before the page was drawn again
    told(first, "dress")
    assert written == ["dress", "skirt", "dress"]
    assert shown("dress")["key"] == first["key"], "the box stays as it is while its owner uses it"


def test_a_value_from_elsewhere_is_not_overwritten_by_what_a_slow_browser_still_shows(box):
    shown, told, written = box
    old = shown("skirt")
    new = shown("dress")  # undone, or changed in another window
    assert st.session_state[new["key"]] == "dress"
    told(old, "skirt")
    assert written == []
    told(old, "coat")
    assert written == ["coat"], "this was entered"


def test_what_cannot_be_saved_is_shown_no_longer(box):
    shown, told, written = box
    first = shown("jeans")
    told(first, "")
    assert st.session_state[shown("jeans")["key"]] == "jeans"


# The running app, over the interface for programs, which is off in the product


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[tuple]:
    """Return what sends a request to the running app and returns its answer; its wardrobe, and the items' ids."""
    home = tmp_path_factory.mktemp("running") / "home"
    ids = full_wardrobe(home)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("STREAMLIT_SERVER_ENABLE_AGENT_API", "true")
        environment.setenv("STREAMLIT_SERVER_AGENT_WAIT_TIMEOUT", "300")
        with running_server(home, home.with_name("server.log")) as url:
            yield lambda **request: _ask(f"{url}/_stcore/agent/interact", request), home, ids


def _ask(address: str, request: dict) -> dict:
    sent = urllib.request.Request(address, json.dumps(request).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(sent, timeout=320) as answer:
            found = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        pytest.fail(f"{request}: {error.read().decode()}")
    assert found["status"] == "ready", (request, found)
    return found


def nodes(tree: dict) -> Iterator[dict]:
    """Yield all elements of a page."""
    yield tree
    for child in tree.get("children", ()):
        yield from nodes(child)


def tabs_of(answer: dict) -> list[tuple[str, str]]:
    """Return the key and the name of every tab of a page."""
    rows = [node for node in nodes(answer["tree"]) if node["type"] == "tabs" and node.get("key")]
    return [(row["key"], tab["props"]["label"]) for row in rows for tab in row["children"]]


def test_every_page_and_tab_is_opened_and_nothing_is_written(app):
    ask, home, _ = app
    before = contents(home)
    opened = 0
    for page in PAGES:
        answer = ask(page=page)
        for key, tab in tabs_of(answer):
            ask(session_id=answer["session_id"], widget_state={key: tab})
            opened += 1
            assert contents(home) == before, (page, tab)
        assert contents(home) == before, page
    assert opened >= 11


def test_every_item_with_its_tabs_neighbours_and_dialog_is_opened_and_nothing_is_written(app):
    ask, home, ids = app
    store, before = FeatureStore(home), contents(home)
    session = ask(page="wardrobe")["session_id"]
    for item_id in (ids[0], ids[-1]):  # one without a next, one without a previous
        ask(session_id=session, query_params={"item": [item_id]})
        for tab in ITEM_TABS:
            answer = ask(session_id=session, widget_state={"item-tab": tab})
        shown = [(node.get("key") or "", node.get("value")) for node in nodes(answer["tree"])]
        for field in ("brand", "type", "notes", "colour", "tags"):
            (value,) = (value for key, value in shown if re.fullmatch(rf"item-{item_id}-{field}(-\d+)?", key))
            assert value == store.get(item_id)[field]
        for key in ("item-next", "item-previous", "item-repair"):
            ask(session_id=session, trigger={"key": key})
        ask(session_id=session)  # closes the dialog
        assert contents(home) == before, item_id
    ask(session_id=session, trigger={"key": "item-close"})
    assert contents(home) == before


def test_the_interface_for_programs_is_off_in_the_product(repository):
    product = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    command = [sys.executable, "-m", "streamlit", "config", "show"]
    shown = subprocess.run(command, cwd=repository, env=product, capture_output=True, text=True, check=True).stdout
    lines = [line.strip("# \n") for line in shown.splitlines() if "enableAgentApi =" in line]
    assert lines == ["enableAgentApi = false"]


def test_a_run_that_begins_before_the_stopped_one_has_ended_shows_new_widgets(monkeypatch):
    """Streamlit starts the next run at once; the one before it goes on to its next element, and ends later."""
    monkeypatch.setattr(fields, "st", SimpleNamespace(session_state={}))
    for name in ("is_told", "is_kept"):
        monkeypatch.setattr(fields, name, lambda key: True)

    def drawn() -> str:
        with fields.whole_page():
            return fields.showing("brand", "Acme", lambda value: pytest.fail("nobody entered anything"))["key"]

    first = drawn()
    assert drawn() == first
    stopped = fields.whole_page()
    stopped.__enter__()
    assert (second := drawn()) != first
    stopped.__exit__(None, None, None)
    assert drawn() == second
    with pytest.raises(RuntimeError), fields.whole_page():
        raise RuntimeError("it failed")
    assert drawn() != second
