"""The statistics page: which items count, the headline figures, and the figures behind its tabs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.evaluation.figures import wardrobe as figures
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe import statistics
from ewardrobe.wardrobe.derived import all_of, rows_of
from ewardrobe.wardrobe.fields import FIELD
from ewardrobe.wardrobe.filters import Filters, apply
from ewardrobe.wardrobe.vocabulary import words_for

MOST_SHOWN = 100
"""Items of a table with pictures; its download has them all."""


def ask_which(frame: pd.DataFrame) -> pd.DataFrame:
    """Show the filters of this page; return the items that count.  Drawn samples count only where nothing else is."""
    own = frame[~frame["sample"].astype(bool)]
    frame = own if len(own) else frame
    grid = st.grid(4, min_column_width=150, vertical_alignment="bottom")
    any_of = {}
    for name in ("kind", "tags", "season"):
        offered, label = all_of(frame, name), FIELD[name].label
        any_of[name] = grid.multiselect(
            label, offered, format_func=words_for(name), placeholder="All", **page.kept(f"count-{name}")
        )
    if grid.toggle("Archived ones too", key="count-archived", persist_state="session"):
        any_of["state"] = all_of(frame, "state")
    return apply(frame, Filters(any_of=any_of))


def headlines(frame: pd.DataFrame) -> None:
    """Show the figures that everybody asks for first."""
    facts = statistics.summary(frame)
    grid = st.grid(4, min_column_width=150)
    grid.metric("Items", f"{len(frame):,}")
    priced = "" if facts["priced"] == len(frame) else f", {facts['priced']:,} with a price"
    grid.metric("Worth" + priced, _money(facts["value"]))
    share = (facts["worn_recently"] or 0) / len(frame)
    grid.metric(f"Worn in {statistics.RECENT_DAYS} days", f"{share:.0%}")
    grid.metric("A wear costs", _money(facts["cost_per_wear"]), help="Prices of what was worn / its wears")


def _money(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def overview(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show what there is, by category and by colour."""
    _side_by_side(lambda: page.show_chart(figures.categories(frame)), lambda: page.show_chart(figures.colours(frame)))


def worn(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show when things were worn, and which of them most, least and never."""
    log = statistics.wears(frame)
    if log.empty:
        _nothing("No wear is logged yet", "Log what you wear on the wardrobe page: choose items and press Worn today.")
    else:
        years = statistics.years(log)
        year = page.choose_one("Year", years, "calendar-year") if len(years) > 1 else years[0]
        page.show_chart(figures.calendar(log, year))
        _side_by_side(*(partial(page.show_chart, figures.wear_counts(frame, least=least)) for least in (False, True)))
    never = statistics.never_worn(frame)
    if never.empty:
        st.caption("Everything was worn at least once.")
    else:
        _picture_table(store, frame, f"**Never worn** · {len(never)}", never)
        page.download(never, "wardrobe_never_worn")


def money(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show what a wear costs, and what was spent when."""
    costs = statistics.cost_per_wear(frame)
    if costs.empty:
        _nothing("No prices yet", "Enter prices in the wardrobe's table, or for many at once with Edit.")
        return
    if costs["wears"].any():
        page.show_chart(figures.cost_per_wear(frame))
    else:
        st.info("None of the items with a price was worn yet.", icon=":material/info:")
    best = costs[costs["wears"] > 0].drop(columns=["hex", "kind"])
    if len(best) > 3:
        ends = {"**Best value**": best.head(5), "**Worst value**": best.tail(5)[::-1]}
        _side_by_side(*(partial(_picture_table, store, frame, title, rows) for title, rows in ends.items()))
    spending = figures.spending(frame)
    if len(spending.data):
        page.show_chart(spending)
    else:
        st.caption("With dates of purchase there would be a figure of spending over time here.")


def _side_by_side(*parts: Callable) -> None:
    grid = st.grid(2, min_column_width=360, gap="medium")
    for part in parts:
        with grid.cell():
            part()


def added(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show what came into the wardrobe when."""
    chart = figures.additions(frame)
    if len(chart.data):
        page.show_chart(chart)
    else:
        _nothing("No dates", "None of these items has a readable date of its adding.")


def _picture_table(store: FeatureStore, frame: pd.DataFrame, title: str, rows: pd.DataFrame) -> None:
    """Show rows of items with their pictures; the column ``id`` names the item of each row."""
    st.markdown(title)
    table = rows.head(MOST_SHOWN).reset_index(drop=True)
    items = rows_of(frame.loc[table.pop("id")])
    if "kind" in table:
        table["kind"] = table["kind"].map(words_for("kind"))
    table.insert(0, "picture", [page.picture_url(store, item, 112, 0.1) for item in items])
    column = st.column_config
    st.dataframe(
        table,
        hide_index=True,
        row_height=48,
        height="content" if len(table) <= 8 else 420,
        placeholder="",
        column_config={
            "picture": column.ImageColumn("", width=48),
            "called": column.TextColumn("Name"),
            "kind": column.TextColumn("Category"),
            "colour": column.TextColumn("Colour"),
            "price": column.NumberColumn("Price", format="%.2f"),
            "wears": column.NumberColumn("Worn", format="%d ×"),
            "cost_per_wear": column.NumberColumn("A wear cost", format="%.2f"),
            "added": column.DatetimeColumn("Added", format="YYYY-MM-DD"),
        },
    )


def _nothing(title: str, lead: str) -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"##### {title}", width="content")
        st.markdown(lead, width="content")
        page.link("wardrobe", "Wardrobe", ":material/checkroom:")
