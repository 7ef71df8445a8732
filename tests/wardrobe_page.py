"""The wardrobe page for its tests: opened without a browser, and driven as the browser drives it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from ewardrobe.feature_store.store import FeatureStore

ITEMS = (
    {"id": "a", "type": "jeans", "category_id": 8, "colour": "blue", "tags": ["work"], "added": "2026-01-05"},
    {"id": "b", "type": "shoes", "slot": "shoes", "colour": "brown", "brand": "Acme", "added": "2026-01-04"},
    {"id": "c", "type": "dress", "category_id": 10, "colour": "black", "sample": True, "added": "2026-01-03"},
    {"id": "d", "type": "t-shirt", "category_id": 1, "colour": "blue", "sample": True, "added": "2026-01-02"},
)


def make_store(home: Path) -> FeatureStore:
    """A wardrobe of four items, two of them samples, one with a picture; the page shows them in this order."""
    store = FeatureStore(home)
    cutout = np.full((40, 30, 4), 200, np.uint8)
    store.add_many([(item, cutout if item["id"] == "a" else None, None) for item in ITEMS])
    return store


def open_page(repository: Path, layout: str = "Table") -> AppTest:
    """Open the page, in the table's layout unless told otherwise."""
    at = AppTest.from_file(str(repository / "pages" / "wardrobe.py"), default_timeout=90)
    at.session_state["layout"] = layout
    return run(at)


def open_item(repository: Path, item_id: str = "a", tab: str = "Details") -> AppTest:
    """Open the page of an item: "a" are jeans with a cut-out."""
    at = AppTest.from_file(str(repository / "pages" / "wardrobe.py"), default_timeout=90)
    at.query_params["item"] = item_id
    at.session_state["item-tab"] = tab
    return run(at)


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    return make_store(wardrobe_home)


@pytest.fixture
def page(repository) -> Callable[..., AppTest]:
    return partial(open_page, repository)


@pytest.fixture
def item_page(repository, store) -> Callable[..., AppTest]:
    return partial(open_item, repository)


def run(at) -> AppTest:
    at = at.run()
    assert not at.exception, at.exception
    return at


def table(at: AppTest):
    return at.data_editor[0]


def names(at: AppTest) -> list[str]:
    return table(at).value["type"].tolist()


def send(at: AppTest, **state) -> AppTest:
    """Send the table's whole pending state, as the browser does at every edit, and run."""
    whole = {"edited_rows": {}, "added_rows": [], "deleted_rows": []} | state
    return send_widget(at, WidgetState(id=table(at).proto.id, string_value=json.dumps(whole)))


def send_widget(at: AppTest, state: WidgetState) -> AppTest:
    states = at._tree.get_widget_states()
    states.widgets.append(state)
    at._run(states)
    assert not at.exception, at.exception
    return at


def click_card(at: AppTest, event: str, value) -> AppTest:
    """Send what the gallery's script sends: "open" with an id, "choose" with all ids chosen among the shown ones."""
    payload = json.dumps([{"event": event, "value": value}])
    trigger = f"$$STREAMLIT_INTERNAL_KEY_{gallery_proto(at).id}__events"
    return send_widget(at, WidgetState(id=trigger, json_trigger_value=payload))


def choose(at: AppTest, *item_ids: str) -> AppTest:
    """Choose items in whatever view is open."""
    if at.get("bidi_component"):
        return click_card(at, "choose", list(item_ids))
    ids = at.session_state["table"].ids
    return send(at, edited_rows={place: {"chosen": item_id in item_ids} for place, item_id in enumerate(ids)})


def texts(at: AppTest) -> str:
    elements = [*at.markdown, *at.caption, *at.error, *at.info, *at.code, *at.toast]
    return "\n".join(str(element.value) for element in elements)


def gallery_proto(at: AppTest):
    return at.get("bidi_component")[0].proto


def gallery(at: AppTest) -> str:
    return json.loads(gallery_proto(at).json)["html"]


def editors(at: AppTest):
    return [*at.selectbox, *at.multiselect, *at.text_input, *at.number_input, *at.date_input, *at.toggle]


def undo(at: AppTest) -> AppTest:
    """Take the last change back."""
    return run(next(button for button in at.button if str(button.key).startswith("undo-")).click())
