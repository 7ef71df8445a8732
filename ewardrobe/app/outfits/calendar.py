"""The tab Calendar: a month of planned and worn outfits."""

from __future__ import annotations

from calendar import Calendar, day_abbr
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.outfits.cards import plan, try_on_button, wear_button
from ewardrobe.app.outfits.suggestions import OutfitContext
from ewardrobe.outfits.collage import collage_html, names
from ewardrobe.wardrobe.wear_log import days_worn


def calendar(closet: OutfitContext) -> None:
    """Show a month, what is planned next, and the form to plan a day."""
    month = st.session_state.setdefault("calendar-month", page.today().replace(day=1))
    with st.container(horizontal=True, vertical_alignment="center"):
        page.button("", "calendar--1", "chevron_left", _shift, -1, help="Month before")
        st.markdown(f"##### {month:%B %Y}", width=190)
        page.button("", "calendar-1", "chevron_right", _shift, 1, help="Next month")
        page.button("Today", "calendar-today", None, st.session_state.pop, "calendar-month", type="tertiary")
        st.space("stretch")
        _plan_form(closet)
    plans = {plan["date"]: plan for plan in closet.document["planned"]}
    shown = {
        day: (_title(closet, plan), closet.present(plan["items"]), _saved(closet, plan).get("layout", {}))
        for day, plan in plans.items()
    }
    worn = {day: closet.present(ids) for day, ids in worn_by_day(closet.items).items()}
    st.html(Path(__file__).with_suffix(".css"))
    st.html(month_html(month, page.today(), shown, worn, closet.picture))
    if not (found := coming(closet)):
        st.caption("Nothing is planned. Plan a saved outfit here, or a suggestion from its card.")
        return
    st.markdown("##### Coming up")
    for day, outfit in found:
        plan_line(closet, day, outfit)


def coming(closet: OutfitContext) -> list[tuple[date, Mapping]]:
    """Return what is planned from today on, the next day first."""
    plans = {date.fromisoformat(plan["date"]): plan for plan in closet.document["planned"]}
    return sorted((day, plan) for day, plan in plans.items() if day >= page.today())


def _shift(by: int) -> None:
    month = pd.Period(st.session_state["calendar-month"], "M") + by
    st.session_state["calendar-month"] = month.start_time.date()


def _title(closet: OutfitContext, plan: Mapping) -> str:
    return _saved(closet, plan).get("name") or names(closet.present(plan["items"])) or "pieces that are gone"


def _saved(closet: OutfitContext, plan: Mapping) -> Mapping:
    """Return the saved outfit that is planned, nothing where it was never saved or is gone."""
    return next((outfit for outfit in closet.document["outfits"] if outfit["id"] == plan.get("outfit")), {})


def _plan_form(closet: OutfitContext) -> None:
    saved = {outfit["id"]: outfit for outfit in closet.document["outfits"][::-1]}
    with st.popover("Plan a day", icon=":material/event:", key="calendar-plan"):
        if not saved:
            st.caption("Save an outfit first: any suggestion can be planned from its own card, too.")
            return
        st.date_input("Day", page.today(), key="calendar-day", format="YYYY-MM-DD")
        chosen = st.selectbox("Outfit", list(saved), format_func=lambda i: saved[i]["name"], key="calendar-outfit")
        args = (closet, saved[chosen]["items"], "calendar-day", chosen)
        page.button("Plan it", "calendar-save", None, plan, *args, type="primary")


def plan_line(closet: OutfitContext, day: date, plan: Mapping) -> None:
    """Show a planned day: its outfit, and what can be done with it."""
    items = closet.present(plan["items"])
    gone = len(plan["items"]) - len(items)
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"line-{day}"):
        note = f"  \n:gray[{gone} piece{'s' if gone > 1 else ''} no longer in the wardrobe]" if gone else ""
        if items:
            layout = _saved(closet, plan).get("layout", {})
            st.html(collage_html(items, closet.picture, layout), width=84)
        st.markdown(f"**{page.day_words(day)}**  \n{page.literal(_title(closet, plan))}{note}", width="stretch")
        if day == page.today() and items:
            wear_button(closet, [item["id"] for item in items], f"c-{day}", plan.get("outfit"))
        try_on_button(closet, [item["id"] for item in items], f"c-{day}")
        said = f"Nothing planned for {page.day_words(day)} any more"
        page.button("", f"unplan-{day}", "delete", closet.book.unplan, day, said=said, help="Take it out")


# The month as HTML


def worn_by_day(items: Iterable[Mapping]) -> dict[str, list[str]]:
    """Return the ids of what was worn on each ISO date of the wear logs."""
    days: dict[str, list[str]] = {}
    for item in items:
        for day in days_worn(item):
            days.setdefault(day, []).append(str(item["id"]))
    return days


def month_html(
    month: date,
    today: date,
    planned: Mapping[str, tuple[str, Sequence[Mapping], Mapping]],
    worn: Mapping[str, Sequence[Mapping]],
    picture: Callable[[Mapping], str],
) -> str:
    """Return the weeks of ``month``, Monday first.

    planned: title, items and layout by ISO date; worn: items by ISO date, shown where nothing is planned.
    """
    cells = [f"<b>{name}</b>" for name in day_abbr]
    for day in Calendar().itermonthdates(month.year, month.month):
        key = day.isoformat()
        marks = ("away" if day.month != month.month else "") + (" today" if day == today else "")
        inside, title = "", ""
        if key in planned:
            title, items, layout = planned[key]
            inside = collage_html(items, picture, layout)
        elif key in worn:
            inside, title = collage_html(worn[key], picture), "worn"
        label = f"<em>{escape(title)}</em>" if title else ""
        cells.append(f"<div class='{marks.strip()}'><span>{day.day}</span>{inside}{label}</div>")
    return f"<div class='ew-month'>{''.join(cells)}</div>"
