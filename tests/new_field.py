"""A field that is only a row of the table: a program of its own, since the table is read at import.

``python tests/new_field.py HOME`` puts the row in, then looks for the field wherever one is seen or said.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROW = '_choice("fit", TEXT, "Fit", ("slim", "loose"), ("cut",), twin=True, by_hand=True),\n    '
BEFORE = '_kept("wear_log"'
NAME = "ewardrobe.wardrobe.fields"


def put_in() -> None:
    """Load the module of the table with one more row."""
    spec = importlib.util.find_spec(NAME)
    source = Path(spec.origin).read_text("utf-8")
    assert source.count(BEFORE) == 1
    module = sys.modules[NAME] = importlib.util.module_from_spec(spec)
    exec(compile(source.replace(BEFORE, ROW + BEFORE), spec.origin, "exec"), module.__dict__)


def check_store(store) -> None:
    """Schema, columns, CSV, filters, search, one change for many."""
    from ewardrobe.feature_store.csv_table import csv_bytes, read_csv, take_over
    from ewardrobe.feature_store.document import StoreError
    from ewardrobe.wardrobe import filters
    from ewardrobe.wardrobe.derived import with_derived
    from ewardrobe.wardrobe.edits import change_of

    store.add({"id": "a", "type": "jeans", "fit": "loose"})
    with pytest.raises(StoreError, match="field 'fit': expected text"):
        store.update("a", fit=["loose"])
    take_over(store, read_csv(store, b"type,cut\ncoat,SLIM\n"))
    frame = with_derived(store.load())
    assert frame["fit"].tolist() == ["loose", "slim"]
    assert b",fit," in csv_bytes(store.items()).splitlines()[0]
    assert filters.apply(frame, filters.Filters(any_of={"fit": ("slim",)}))["type"].tolist() == ["coat"]
    assert filters.apply(frame, filters.Filters("loose")).index.tolist() == ["a"]
    assert change_of(store.get("a"), "fit", "slim") == {"fit": "slim", "source": {"fit": "user"}}


def check_pages() -> None:
    """Table, filter, form for a new item, bar for many, an item's form."""
    from wardrobe_page import choose, open_item, open_page, run, table

    repository = Path(__file__).resolve().parent.parent
    at = open_page(repository)
    assert sorted(table(at).value["fit"]) == ["loose", "slim"]
    assert at.multiselect(key="find-fit").options == ["slim", "loose"]
    assert at.selectbox(key="fit-0").options == ["slim", "loose"]
    run(choose(at, "a").selectbox(key="bulk-field").set_value("fit"))
    at.selectbox(key="bulk-value-fit").set_value("slim")
    run(at.button(key="bulk-apply").click())
    at = open_item(repository)
    assert at.selectbox(key="item-a-fit").value == "slim"


if __name__ == "__main__":
    put_in()
    from ewardrobe.feature_store.store import FeatureStore

    check_store(FeatureStore(Path(sys.argv[1])))
    check_pages()
    print("found everywhere")
