"""The page Import and export: files to save, and what a file that is brought would change."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.feature_store import backup_zip, csv_table, exchange
from ewardrobe.feature_store.exchange import Choice, Difference
from ewardrobe.feature_store.store import FeatureStore, StoreError

CHOICES: dict[Choice, str] = {
    "theirs": "Take what the file says",
    "mine": "Keep what is here",
    "newer": "Take whichever was changed later",
    "both": "Keep both",
}
STATUS = {"new": "new", "changed": "different", "same": "the same"}
MOST_SHOWN = 500
"""Rows of the preview; all are taken over."""


@dataclass(frozen=True)
class Incoming:
    """A file that was read: what differs, what is wrong with it, and the table; ``None`` for a backup."""

    differences: list[Difference]
    problems: list[str]
    table: csv_table.Table | None = None


def export(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Offer the backup and the table."""
    st.subheader("Export", anchor=False)
    if frame.empty:
        st.caption("There is nothing to export yet.")
        return
    today = page.today().isoformat()
    st.markdown("**Everything**, with all pictures and outfits, to keep or to move to another computer.")
    _zip(store, f"ewardrobe-{today}.zip")
    st.markdown("**The table**, for a spreadsheet or another program. Change it there and bring it back.")
    look: dict[str, Any] = {"key": "export-csv", "icon": ":material/table:", "on_click": "ignore"}
    name = f"ewardrobe-{today}.csv"
    st.download_button("Save the table (CSV)", lambda: csv_table.csv_bytes(store.items()), name, "text/csv", **look)


def _zip(store: FeatureStore, name: str) -> None:
    """Pack the backup first, with a bar, then offer it; a wardrobe that has changed since is packed anew."""
    place = st.empty()
    if st.session_state.get("backup", (None,))[0] != store.signature():
        if not place.button("Pack the backup (ZIP)", icon=":material/folder_zip:", key="export-pack"):
            return
        try:
            buffer, signature = io.BytesIO(), store.signature()
            told = partial(_show, place.progress(0.0, "Packing …"), verb="Packing")
            written = backup_zip.write_backup(store, buffer, told)
            st.session_state["backup"] = signature, buffer.getvalue(), written
        except StoreError as error:
            place.error(page.literal(error))
            return
    _, content, written = st.session_state["backup"]
    label, icon = f"Save the backup · {len(content) / 1e6:.1f} MB", ":material/download:"
    look: dict[str, Any] = {"key": "export-zip", "icon": icon, "type": "primary", "on_click": "ignore"}
    place.download_button(label, content, name, "application/zip", **look)
    st.caption(f"{written.items} items, {written.pictures} pictures")
    if written.missing:
        st.warning(f"{len(written.missing)} pictures are missing in the wardrobe's folder, and so in the backup.")


def _show(bar: Any, done: int, total: int, verb: str) -> None:
    if done == total or done % 20 == 0:
        bar.progress(done / max(1, total), f"{verb} {done} of {total} pictures")


def ask_file() -> Any:
    """Ask for a file to bring in; ``None`` while there is none."""
    st.subheader("Import", anchor=False)
    number = st.session_state.setdefault("import-number", 0)  # counted up after an import: the box is empty again
    return st.file_uploader("A backup (ZIP) or a table (CSV)", ["zip", "csv"], key=f"import-{number}")


def incoming(store: FeatureStore, upload: Any) -> None:
    """Show what the file would change, the choices, and the button that brings it in."""
    try:
        found = _read(store, upload)
        if found is None:
            return
    except StoreError as error:
        st.error(page.literal(error), icon=":material/error:")
        return
    counts = exchange.counts(found.differences)
    _preview(found, counts)
    if not counts["new"] and not counts["changed"] and found.table is not None:
        st.info("Everything in this file is in the wardrobe already.", icon=":material/check:")
        return
    choice: Choice = "theirs"
    remove_others = False
    if counts["changed"]:
        choice = st.radio("Where both differ", list(CHOICES), format_func=CHOICES.__getitem__, key="import-choice")
    if found.table is None:
        remove_others = st.checkbox("Remove what is not in the file", key="import-remove")
    if st.button("Import", type="primary", icon=":material/download:", key="import-do"):
        _take_over(store, upload, found, choice, remove_others)


def _read(store: FeatureStore, upload: Any) -> Incoming | None:
    """Return what is in the file; ``None`` while the letters of a table wait for their encoding."""
    upload.seek(0)
    if upload.name.lower().endswith(".csv"):
        try:
            table = csv_table.read_csv(store, upload.getvalue(), upload.name)
        except csv_table.EncodingError as error:
            if (encoding := _ask_encoding(error.samples, upload.name)) is None:
                return None
            table = csv_table.read_csv(store, upload.getvalue(), upload.name, encoding)
        return Incoming(table.differences, table.remarks, table)
    with backup_zip.open_backup(upload) as backup:
        missing = [f"picture {name} is not in the backup" for name in backup.missing]
        return Incoming(exchange.compare(store.items(), backup.items), missing)


def _ask_encoding(samples: Mapping[str, str], name: str) -> str | None:
    """Ask which words of the table ``name`` look right."""
    return st.radio(
        "The table does not say how its letters are written. Which words look right?",
        list(samples),
        index=None,
        format_func=lambda encoding: page.literal(f"{samples[encoding]} · {csv_table.ENCODINGS[encoding]}"),
        key=f"import-encoding-{name}",
    )


def _preview(found: Incoming, counts: Mapping[str, int]) -> None:
    with st.container(horizontal=True):
        for status, label in STATUS.items():
            st.metric(label.capitalize(), counts[status], width="content")
    if found.problems:
        with st.expander(f"{len(found.problems)} remarks", icon=":material/warning:"):
            st.code("\n".join(found.problems[:200]), language=None, wrap_lines=True)
    if rows := _rows(found.differences):
        st.dataframe(pd.DataFrame(rows[:MOST_SHOWN]), hide_index=True, height="content" if len(rows) <= 8 else 320)


def _rows(differences: Iterable[Difference]) -> list[dict[str, str]]:
    return [
        {
            "": STATUS[difference.status],
            "Item": difference.name,
            "What differs": difference.words,
        }
        for difference in differences
        if difference.status != "same"
    ]


def _take_over(store: FeatureStore, upload: Any, found: Incoming, choice: Choice, remove_others: bool) -> None:
    bar = st.progress(0.0, "Importing …")
    try:
        if found.table is not None:
            result = csv_table.take_over(store, found.table, choice)
        else:
            upload.seek(0)
            with backup_zip.open_backup(upload) as backup:
                told = partial(_show, bar, verb="Bringing in")
                result = backup_zip.restore(store, backup, choice, remove_others=remove_others, progress=told)
    except StoreError as error:
        page.complain(error)
        st.rerun()
    page.tell(f"Imported: {result}")
    if result.problems:
        page.complain(f"{len(result.problems)} remarks:", *result.problems)
    st.session_state["import-number"] += 1
    st.rerun()
