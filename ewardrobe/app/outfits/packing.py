"""The tab that packs for a journey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.outfits.suggestions import OutfitContext, ask_occasion, ask_temperature
from ewardrobe.outfits.collage import collage_html, names
from ewardrobe.outfits.gaps import advice
from ewardrobe.outfits.grammar import Wish, name_of, temperature_problem
from ewardrobe.outfits.packing import PackingList, pack


def packing(closet: OutfitContext) -> None:
    """Ask where the journey goes, and show the pieces to take and an outfit for every day."""
    days, wish = _ask()
    if wish is None:
        return
    with st.spinner("Packing …"):
        packed = _packed(closet, wish, days)
    if not packed.days:
        st.info(page.literal(advice(closet.items, wish) or packed.note), icon=":material/lightbulb:")
        return
    if packed.note:
        st.info(packed.note, icon=":material/luggage:")
    _list(closet, packed)
    with st.popover("Plan these days", icon=":material/event:", key="packing-plan"):
        st.date_input("First day", page.today(), min_value=page.today(), key="packing-first", format="YYYY-MM-DD")
        page.button("Plan them", "packing-save", None, _plan_all, closet, packed.days, type="primary")
    with st.grid(min_column_width=170):
        for number, outfit in enumerate(packed.days, 1):
            items = closet.present(outfit.ids)
            with st.container(border=True, key=f"packing-{number}"):
                st.html(collage_html(items, closet.picture))
                st.markdown(f"**Day {number}**  \n{page.literal(names(items))}")


def _ask() -> tuple[int, Wish | None]:
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        days = st.number_input("Days", 1, 30, 5, key="packing-days", persist_state="session", width=120)
        celsius = ask_temperature("packing-temperature", 160)
        occasion = ask_occasion("Occasion", "packing-occasion", width="content")
    if problem := temperature_problem(celsius):
        st.warning(problem, icon=":material/thermostat:")
        return days, None
    return days, Wish(occasion, celsius, today=page.today())


@st.cache_data(show_spinner=False, max_entries=16, hash_funcs={OutfitContext: OutfitContext.state, Wish: repr})
def _packed(closet: OutfitContext, wish: Wish, days: int) -> PackingList:
    return pack(closet.items, wish, days, closet.model, closet.taste.weights)


def _list(closet: OutfitContext, packed: PackingList) -> None:
    worn = Counter(item_id for day in packed.days for item_id in day.ids)
    st.markdown(f"##### {len(packed.ids)} pieces for {len(packed.days)} days")
    lines = []
    for item in closet.present(packed.ids):
        times = worn[item["id"]]
        note = f"{times} day{'s' if times > 1 else ''}" if times else "every day"
        lines.append(f"- {page.literal(name_of(item))} :gray[{note}]")
    half = -(-len(lines) // 2)
    for column, part in zip(st.columns(2), (lines[:half], lines[half:]), strict=True):
        column.markdown("\n".join(part))


def _plan_all(closet: OutfitContext, days: Sequence) -> None:
    first = st.session_state["packing-first"]
    if first is None:
        return
    for number, outfit in enumerate(days):
        closet.book.plan(first + timedelta(days=number), list(outfit.ids))
    page.tell(f"{len(days)} days planned from {first:%d %B}")
