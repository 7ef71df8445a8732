"""The tabs on what the wardrobe lacks, and on what the ratings have taught."""

from __future__ import annotations

from datetime import date
from html import escape
from pathlib import Path

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.outfits.suggestions import OutfitContext, ask_occasion
from ewardrobe.outfits.collage import swatch
from ewardrobe.outfits.gaps import Gap, advice, find_gaps, missing_slots
from ewardrobe.outfits.grammar import Wish, season_of
from ewardrobe.outfits.preferences import MOST, Preferences
from ewardrobe.outfits.terms import DEFAULT_WEIGHTS, LABELS
from ewardrobe.wardrobe.naming import called

STYLE = Path(__file__).with_suffix(".css")


def gaps(closet: OutfitContext) -> None:
    """Show which single addition would open the most well-scored outfits."""
    season = season_of(page.today())
    wish = Wish(ask_occasion("For", "gaps-occasion"), season=season, today=page.today())
    for word in missing_slots(closet.items, season):
        st.info(f"You have no {word}: that comes first.", icon=":material/priority_high:")
    if said := advice(closet.items, wish):
        st.info(page.literal(said), icon=":material/lightbulb:")
    with st.spinner("Trying every kind in every colour …"):
        found = _gaps(closet, wish)
    if not found:
        st.caption("No single piece would open a well-scored outfit that you cannot make already.")
        return
    st.html(STYLE)
    st.html("".join(map(_gap_html, found)))
    st.caption(
        "One addition of each kind, in its best colour, plain and in your usual style. An outfit counts as well scored "
        "when it is as good as the best quarter of what you have."
    )


@st.cache_data(show_spinner=False, max_entries=16, hash_funcs={OutfitContext: OutfitContext.state, Wish: repr})
def _gaps(closet: OutfitContext, wish: Wish) -> list[Gap]:
    return find_gaps(closet.items, wish, closet.model, closet.taste.weights)


def _gap_html(gap: Gap) -> str:
    outfits = f"{gap.opens} well-scored outfit{'s' if gap.opens > 1 else ''}"
    name = escape(called({"type": gap.category, "colour": gap.colour})).capitalize()
    colour = swatch({"colour": gap.colour})
    text = f"would open {outfits} (mean score {gap.mean_score:.0%}); you have {gap.base} now."
    return f"<div class='ew-gap'><s style='background:{colour}'></s><div><b>{name}</b><p>{text}</p></div></div>"


def taste(closet: OutfitContext) -> None:
    """Show the weight of every term, the usual one and yours, and the way back."""
    learned = closet.taste
    st.markdown(page.literal(learned.sentence()))
    st.html(STYLE)
    st.html(weights_html(learned))
    st.caption(
        "The bar is how much a term counts for you, the mark how much it counts for everybody. Every like and dislike "
        "moves the bars a little; nothing else is learned about you, and it stays in your wardrobe's folder."
    )
    disabled = not closet.document["feedback"]
    said = "All ratings are forgotten"
    page.button("Forget all ratings", "taste-reset", None, _forget, closet, said=said, disabled=disabled)
    if disabled and st.session_state.get("taste-forgotten"):
        page.button("Bring them back", "taste-undo", None, _bring_back, closet, type="tertiary")


def weights_html(learned: Preferences) -> str:
    """Return a bar for each term's weight, with a mark at the default one."""
    usual_most = max(DEFAULT_WEIGHTS.values())
    most = min(usual_most * MOST, max(usual_most, *learned.weights.values()) * 1.15)
    rows = []
    for name, usual in DEFAULT_WEIGHTS.items():
        own = learned.weights[name]
        bar = f"<i><s style='width:{own / most:.1%}'></s><u style='left:{usual / most:.1%}'></u></i>"
        change = "" if abs(own / usual - 1) < 0.05 else f" ({own / usual - 1:+.0%})"
        rows.append(f"<span>{escape(LABELS[name])}</span>{bar}<span>{own:.2f}{change}</span>")
    return f"<div class='ew-weight'>{''.join(rows)}</div>"


def _forget(closet: OutfitContext) -> None:
    st.session_state["taste-forgotten"] = closet.book.forget_feedback()


def _bring_back(closet: OutfitContext) -> None:
    for entry in st.session_state.pop("taste-forgotten", []):
        day = date.fromisoformat(entry["date"]) if entry.get("date") else page.today()
        page.change(closet.book.rate, entry["items"], entry["liked"], entry["terms"], day)
