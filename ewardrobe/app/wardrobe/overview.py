"""The wardrobe page's gallery and table, the items that are chosen in either, and the way to one item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.wardrobe import gallery, odd
from ewardrobe.app.wardrobe.gallery import gallery_html
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.derived import all_of, rows_of
from ewardrobe.wardrobe.edits import by_owner
from ewardrobe.wardrobe.fields import FLAG, NUMBERS, PRICE, ItemField
from ewardrobe.wardrobe.table import READ_ONLY, SHOWN, TEXT_ENTERED, TableView, item_fields, table_rows
from ewardrobe.wardrobe.vocabulary import words_for

PAGE_LENGTH = 60
"""Items shown at a time: each carries its picture to the browser."""


def chosen_ids(frame: pd.DataFrame) -> list[str]:
    """Return the ids of the chosen items that are still there, in the order of ``frame``."""
    chosen = st.session_state.get("chosen", set())
    return [item_id for item_id in frame.index if item_id in chosen] if chosen else []


def choose(item_ids: Iterable[str]) -> None:
    """Choose exactly these items; for a callback."""
    st.session_state["chosen"] = set(item_ids)


def _mark(marks: Mapping[str, bool]) -> None:
    chosen = set(st.session_state.get("chosen", set()))
    choose((chosen - set(marks)) | {item_id for item_id, on in marks.items() if on})


def opened_id() -> str | None:
    """Return the id of the item whose page is open: the address names it, so that it can be linked to."""
    return st.query_params.get("item")


def open_item(item_id: str | None) -> None:
    """Open an item's page, or close it; for a callback."""
    if item_id is None:
        st.query_params.pop("item", None)
    else:
        st.query_params["item"] = item_id


def show_gallery(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show the items as cards that are opened by a click and chosen by their tick."""
    data = {"chosen": chosen_ids(frame), "choosing": bool(st.session_state.get("chosen"))}
    show_cards(store, frame, "gallery", data, on_choose_change=partial(_choose_shown, frame.index.tolist()))


def _choose_shown(shown: list[str]) -> None:
    chosen = set(st.session_state["gallery"]["choose"] or ())
    _mark({item_id: item_id in chosen for item_id in shown})


def show_cards(
    store: FeatureStore, frame: pd.DataFrame, key: str, data: Mapping[str, Any] | None = None, **callbacks: Any
) -> None:
    """Show items as cards that open; data, callbacks: more for the script, and of it (see `gallery.js`)."""
    html = gallery_html(rows_of(frame), lambda item: page.picture_url(store, item, 256))
    script, style = page.script_beside(gallery.__file__), page.style_beside(gallery.__file__)
    frame_html = "<div class='ew-gallery'></div>"
    cards = st.components.v2.component("ewardrobe_gallery", html=frame_html, css=style, js=script)
    callbacks["on_open_change"] = lambda: open_item(st.session_state[key]["open"])
    cards(key=key, data={"html": html, **(data or {})}, **callbacks)


def show_table(store: FeatureStore, frame: pd.DataFrame, whole: pd.DataFrame) -> None:
    """Show the items as a table whose edits are on disk at once, also while it is filtered.

    whole: the wardrobe, whose tags and palettes are offered and known.
    """
    chosen = st.session_state.get("chosen", set())
    ids, rows = frame.index.tolist(), table_rows(frame, lambda item: page.picture_url(store, item, 112, 0.1), chosen)
    table = st.session_state.get("table")
    if table is None or not table.shows(ids, rows, st.session_state.get(table.key)):
        table = st.session_state["table"] = TableView.of(ids, rows, all_of(whole, "tags"))
    st.data_editor(
        table.frame,
        key=table.key,
        on_change=_save_table,
        args=(store, table),
        num_rows="fixed",
        hide_index=True,
        row_height=64,
        placeholder="",
        height="content" if len(ids) <= 9 else 640,
        disabled=list(READ_ONLY),
        column_config=_columns(table),
    )


def _save_table(store: FeatureStore, table: TableView) -> None:
    news = table.take_news(st.session_state.get(table.key))
    _mark(news.chosen)
    items = {item["id"]: item for item in store.items() if item["id"] in news.cells}
    changes: dict[str, dict[str, Any]] = {}
    for item_id, cells in news.cells.items():
        for name, cell in cells.items():
            try:
                changes.setdefault(item_id, {}).update(item_fields({name: cell}, items.get(item_id)))
            except ValueError as error:
                page.complain(f"{SHOWN[name].label}: {error}")
    if changes:
        odd.keep_or_ask(store, changes, partial(_write, store))


def _write(store: FeatureStore, changes: Mapping[str, Mapping[str, Any]]) -> None:
    page.change(store.alter, list(changes), lambda item: by_owner(item, changes[item["id"]]))


def _columns(table: TableView) -> dict[str, Any]:
    column = st.column_config
    return {
        "chosen": column.CheckboxColumn("", width=36, pinned=True, help="Choose items to change many at once"),
        "picture": column.ImageColumn("", width=64, pinned=True),
        "open": column.ButtonColumn(
            "", width=44, type="tertiary", key=f"open-{table.key}", on_click=_open_row, args=(table,), pinned=True
        ),
        **{name: _column(field, table.options.get(name, [])) for name, field in SHOWN.items()},
        "wears": column.NumberColumn("Worn", width=60, format="%d ×", help="How often; log it on the item's page"),
        "last_worn": column.DateColumn("Last worn", width=100, format="YYYY-MM-DD"),
        "cost_per_wear": column.NumberColumn("A wear cost", width=90, format="%.2f", help="Price / wears"),
    }


def _column(field: ItemField, options: list[str]) -> Any:
    about: dict[str, Any] = {"label": field.sign or field.label, "width": field.width}
    about["help"] = field.help or (field.label if field.sign else None)
    column = st.column_config
    if field.many:
        return column.MultiselectColumn(**about, options=options, accept_new_options=field.free)
    if field.fixed:
        return column.SelectboxColumn(
            **about,
            options=options,
            required=field.required,
            format_func=lambda value: words_for(field.name)(str(value)),
        )
    if field.name in TEXT_ENTERED:
        about["help"] = "Such as 49.90 or 49,90" if field.holds == PRICE else "Such as 2026-03-31 or 31.3.2026"
        return column.TextColumn(**about, alignment="right" if field.holds == PRICE else None)
    if field.holds in NUMBERS:
        return column.NumberColumn(**about, min_value=0, step=1)
    if field.holds == FLAG:
        return column.CheckboxColumn(**about)
    return column.TextColumn(**about, required=field.required)


def _open_row(table: TableView) -> None:
    click = st.session_state[f"open-{table.key}"]
    if click is not None and click["row"] < len(table.ids):
        open_item(table.ids[click["row"]])


def sample_banner(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Say which items are samples, with one click to be rid of them; nothing if there are none."""
    if not (count := int(frame["sample"].sum())):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        samples = "One drawn sample shows" if count == 1 else f"{count} drawn samples show"
        st.markdown(f":material/info: {samples} what a wardrobe looks like. No outfit is made of samples.")
        st.space("stretch")
        page.button("Remove samples", "remove-samples", None, store.remove_samples, said="The samples are removed")


def count_line(frame: pd.DataFrame, found: pd.DataFrame, archived: int, clear: Callable | None) -> None:
    """Say how many items are shown, with the buttons that choose all of them or clear the filters."""
    with st.container(horizontal=True, vertical_alignment="center", key="count-line"):
        items = page.count(len(frame), "item")
        of = f"{len(found)} of " if len(found) != len(frame) else ""
        more = f" · {archived} archived not shown" if archived else ""
        st.caption(f"{of}{items}{more}", width="content")
        if clear:
            page.button("Clear filters", "clear-filters", None, clear, type="tertiary")
        st.space("stretch")
        if len(found):
            page.button("Choose all", "choose-all", None, choose, found.index.tolist(), type="tertiary")
