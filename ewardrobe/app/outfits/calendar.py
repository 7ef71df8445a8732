"""The tabs on what is worn when: the calendar of planned outfits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.outfits.cards import plan, try_on_button, wear_button
from ewardrobe.app.outfits.month import MONTH_CSS, month_html, worn_by_day
from ewardrobe.app.outfits.suggestions import OutfitContext
from ewardrobe.outfits.collage import names


def calendar(closet: OutfitContext) -> None:
    """Show a month, what is planned next, and the form to plan a day."""
    month = st.session_state.setdefault("calendar-month", date.today().replace(day=1))
    with st.container(horizontal=True, vertical_alignment="center"):
        _turn("Month before", ":material/chevron_left:", -1)
        st.markdown(f"##### {month:%B %Y}", width=190)
        _turn("Next month", ":material/chevron_right:", 1)
        st.button(
            "Today", key="calendar-today", type="tertiary", on_click=st.session_state.pop, args=("calendar-month",)
        )
        st.space("stretch")
        _plan_form(closet)
    plans = {plan["date"]: plan for plan in closet.document["planned"]}
    shown = {
        day: (_title(closet, plan), closet.present(plan["items"]), _saved(closet, plan).get("layout", {}))
        for day, plan in plans.items()
    }
    worn = {day: closet.present(ids) for day, ids in worn_by_day(closet.items).items()}
    st.html(MONTH_CSS + month_html(month, date.today(), shown, worn, closet.picture))
    _coming(closet, plans)


def _turn(label: str, icon: str, by: int) -> None:
    st.button("", icon=icon, key=f"calendar-{by}", help=label, on_click=_shift, args=(by,))


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
        st.date_input("Day", "today", key="calendar-day", format="YYYY-MM-DD")
        chosen = st.selectbox("Outfit", list(saved), format_func=lambda i: saved[i]["name"], key="calendar-outfit")
        args = (closet, saved[chosen]["items"], "calendar-day", chosen)
        st.button("Plan it", type="primary", key="calendar-save", on_click=plan, args=args)


def _coming(closet: OutfitContext, plans: Mapping[str, Mapping]) -> None:
    """List what is planned from today on, with what can be done about it."""
    days = sorted(day for day in plans if day >= date.today().isoformat())
    if not days:
        st.caption("Nothing is planned. Plan a saved outfit here, or a suggestion from its card.")
        return
    st.markdown("##### Coming up")
    for day in days:
        _line(closet, date.fromisoformat(day), plans[day])


def _line(closet: OutfitContext, day: date, plan: Mapping) -> None:
    items = closet.present(plan["items"])
    gone = len(plan["items"]) - len(items)
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"line-{day}"):
        note = f"  \n:gray[{gone} piece{'s' if gone > 1 else ''} no longer in the wardrobe]" if gone else ""
        st.markdown(f"**{day:%A, %d %B}**  \n{page.literal(_title(closet, plan))}{note}", width="stretch")
        if day == date.today() and items:
            wear_button(closet, [item["id"] for item in items], f"c-{day}", plan.get("outfit"))
        try_on_button(closet, [item["id"] for item in items], f"c-{day}")
        st.button(
            "", icon=":material/delete:", key=f"unplan-{day}", help="Take it out", on_click=_unplan, args=(closet, day)
        )


def _unplan(closet: OutfitContext, day: date) -> None:
    page.change(closet.book.unplan, day, said=f"Nothing planned for {day:%A, %d %B} any more")
