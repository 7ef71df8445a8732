"""The page Import and export: files to save, and what a file that is brought would change."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.feature_store import backup_zip, csv_table, exchange
from ewardrobe.feature_store.exchange import Difference, ImportReport
from ewardrobe.feature_store.store import FeatureStore, StoreError

CHOICES = {
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
    """A file that was read: its differences, what is wrong with it, and whether it is a backup."""

    differences: list[Difference]
    problems: list[str]
    is_backup: bool
    table: csv_table.Table | None = None


# Out


def export(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Offer the backup and the table."""
    st.subheader("Export", anchor=False)
    if frame.empty:
        st.caption("There is nothing to export yet.")
        return
    today = date.today().isoformat()
    st.markdown("**Everything**, with all pictures and outfits, to keep or to move to another computer.")
    _zip(store, f"ewardrobe-{today}.zip")
    st.markdown("**The table**, for a spreadsheet or another program. Change it there and bring it back.")
    st.download_button(
        "Save the table (CSV)",
        lambda: csv_table.csv_bytes(store.items()),
        f"ewardrobe-{today}.csv",
        "text/csv",
        key="export-csv",
        icon=":material/table:",
        on_click="ignore",
    )


def _zip(store: FeatureStore, name: str) -> None:
    """Pack the backup first, with a bar, then offer it; a wardrobe that has changed since is packed anew."""
    made = st.session_state.get("backup")
    place = st.empty()
    if made is None or made[0] != store.signature():
        if not place.button("Pack the backup (ZIP)", icon=":material/folder_zip:", key="export-pack"):
            return
        made = _pack(store, place)
        if made is None:
            return
    _, content, written = made
    place.download_button(
        f"Save the backup · {len(content) / 1e6:.1f} MB",
        content,
        name,
        "application/zip",
        key="export-zip",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )
    st.caption(f"{written.items} items, {written.pictures} pictures")
    if written.missing:
        st.warning(f"{len(written.missing)} pictures are missing in the wardrobe's folder, and so in the backup.")


def _pack(store: FeatureStore, place: Any) -> tuple | None:
    buffer, bar = io.BytesIO(), place.progress(0.0, "Packing …")
    signature = store.signature()
    try:
        written = backup_zip.write_backup(store, buffer, lambda done, total: _show(bar, done, total, "Packing"))
    except StoreError as error:
        place.error(page.literal(str(error)))
        return None
    st.session_state["backup"] = (signature, buffer.getvalue(), written)
    return st.session_state["backup"]


def _show(bar: Any, done: int, total: int, verb: str) -> None:
    if done == total or done % 20 == 0:
        bar.progress(done / max(1, total), f"{verb} {done} of {total} pictures")


# In


def ask_file() -> Any:
    """Ask for a file to bring in; ``None`` while there is none."""
    st.subheader("Import", anchor=False)
    number = st.session_state.setdefault("import-number", 0)  # counted up after an import: the box is empty again
    return st.file_uploader("A backup (ZIP) or a table (CSV)", ["zip", "csv"], key=f"import-{number}")


def incoming(store: FeatureStore, upload: Any) -> None:
    """Show what the file would change, the choices, and the button that brings it in."""
    try:
        found = _read(store, upload)
    except StoreError as error:
        st.error(page.literal(str(error)), icon=":material/block:")
        return
    st.subheader("What the file would change", anchor=False)
    _preview(found)
    counts = exchange.counts(found.differences)
    if not counts["new"] and not counts["changed"] and not found.is_backup:
        st.info("Everything in this file is in the wardrobe already.", icon=":material/check:")
        return
    choice, remove_others = "theirs", False
    if counts["changed"]:
        choice = st.radio("Where both differ", list(CHOICES), format_func=CHOICES.get, key="import-choice")
    if found.is_backup:
        remove_others = st.checkbox("Remove what is not in the file", key="import-remove")
    if st.button("Import", type="primary", icon=":material/download:", key="import-do"):
        _take_over(store, upload, found, choice, remove_others)


def _read(store: FeatureStore, upload: Any) -> Incoming:
    upload.seek(0)
    if upload.name.lower().endswith(".csv"):
        table = csv_table.read_csv(store, upload.getvalue(), upload.name)
        return Incoming(table.differences, table.remarks, False, table)
    with backup_zip.open_backup(upload) as backup:
        missing = [f"picture {name} is not in the backup" for name in backup.missing]
        return Incoming(backup_zip.preview(store, backup), missing, True)


def _preview(found: Incoming) -> None:
    counts = exchange.counts(found.differences)
    with st.container(horizontal=True):
        for status, label in STATUS.items():
            st.metric(label.capitalize(), counts[status], width="content")
    if found.problems:
        with st.expander(f"{len(found.problems)} remarks", icon=":material/warning:"):
            st.code("\n".join(found.problems[:200]), language=None, wrap_lines=True)
    rows = _rows(found.differences)
    if rows:
        st.dataframe(pd.DataFrame(rows[:MOST_SHOWN]), hide_index=True, height="content" if len(rows) <= 8 else 320)


def _rows(differences: Iterable[Difference]) -> list[dict[str, str]]:
    """Return a row for each item that would change something."""
    return [
        {
            "": STATUS[difference.status],
            "Item": difference.name,
            "What differs": ", ".join(
                f"{name.replace('_', ' ')}: {_shown(mine)} → {_shown(theirs)}"
                for name, (mine, theirs) in difference.fields.items()
                if name != "source"
            ),
        }
        for difference in differences
        if difference.status != "same"
    ]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        named = [part.get("name") or part.get("date") if isinstance(part, dict) else part for part in value]
        return ", ".join(map(str, named)) or "–"
    return "–" if value in (None, "") else str(value)[:60]


def _take_over(store: FeatureStore, upload: Any, found: Incoming, choice: str, remove_others: bool) -> None:
    bar = st.progress(0.0, "Importing …")
    try:
        if found.table is not None:
            result = csv_table.take_over(store, found.table, choice)
        else:
            upload.seek(0)
            with backup_zip.open_backup(upload) as backup:
                result = backup_zip.restore(
                    store,
                    backup,
                    choice,
                    remove_others=remove_others,
                    progress=lambda done, total: _show(bar, done, total, "Bringing in"),
                )
    except StoreError as error:
        st.session_state.setdefault("problems", []).append(page.literal(str(error)))
        st.rerun()
    _report(result)
    st.session_state["import-number"] += 1
    st.rerun()


def _report(result: ImportReport) -> None:
    page.tell(f"Imported: {result}")
    if result.problems:
        lines = "  \n".join(page.literal(problem) for problem in result.problems[:20])
        st.session_state.setdefault("problems", []).append(f"{len(result.problems)} remarks:  \n{lines}")
