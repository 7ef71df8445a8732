"""The page Outfits: what is asked for, and the suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

from ewardrobe.app import page
from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.models.weights import WeightsError
from ewardrobe.outfits import compatibility, grammar, preferences
from ewardrobe.outfits.compatibility import Compatibility
from ewardrobe.outfits.gaps import advice, needs_outerwear
from ewardrobe.outfits.grammar import Wish
from ewardrobe.outfits.suggest import Suggestions, diversity, suggest
from ewardrobe.wardrobe.naming import told_apart
from ewardrobe.wardrobe.vocabulary import ACCESSORY_SLOTS, SEASONS


@dataclass(frozen=True)
class OutfitContext:
    """What the tabs share in one run of the page.

    items: of the wardrobe, as stored.  by_id: the same by id.  book: the file of outfits; document: its content.
    taste: the weights that the ratings give.  model: ``None`` where its weights cannot be read.
    """

    store: FeatureStore
    items: list[dict]
    by_id: dict[str, dict]
    book: OutfitStore
    document: dict[str, Any]
    taste: preferences.Preferences
    model: Compatibility | None

    def state(self) -> tuple:
        """Return what tells this wardrobe and taste from all others: the ``hash_funcs`` of what is made of them."""
        return *page.state_of(self.store), repr(self.taste.weights)

    def picture(self, item: Mapping) -> str:
        """Return an item's picture as a data URL."""
        return page.picture_url(self.store, item, 256)

    def present(self, item_ids: Iterable[str]) -> list[dict]:
        """Return those of the items that are still in the wardrobe."""
        return [self.by_id[item_id] for item_id in item_ids if item_id in self.by_id]


def open_closet() -> OutfitContext:
    """Read wardrobe, outfits and model; what cannot be read is told with the way out, and the page stops."""
    store = page.wardrobe_store()
    page.load_wardrobe(store)  # says what to do about a broken file
    items = [item for item in _items(store) if not item.get("sample")]  # drawn samples cannot be worn
    try:
        document = store.outfits.document()
    except StoreError as error:
        page.stop_unreadable("saved outfits", store.outfits, error)
    try:
        model = compatibility.load()
    except WeightsError as error:
        st.warning(f"Without the learned term: {page.literal(str(error))}", icon=":material/warning:")
        model = None
    taste = preferences.learn(document["feedback"])
    st.html(Path(__file__).with_suffix(".css"))
    return OutfitContext(store, items, {item["id"]: item for item in items}, store.outfits, document, taste, model)


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs={FeatureStore: page.state_of})
def _items(store: FeatureStore) -> list[dict]:
    return store.items()


def ask_occasion(label: str, key: str, **kwargs: Any) -> str | None:
    """Show the choice of an occasion; none chosen stands for any."""
    labels = {name: name.capitalize() for name in grammar.OCCASIONS}
    words = "None chosen: any occasion"
    return st.segmented_control(label, list(labels), format_func=labels.__getitem__, key=key, help=words, **kwargs)


def ask_temperature(key: str, width: int, help: str | None = None) -> float | None:
    """Show the number of degrees Celsius; empty stands for any."""
    look: dict[str, Any] = {"placeholder": "Any", "help": help, "width": width, **page.kept(key)}
    return st.number_input("Temperature, °C", value=None, step=1.0, format="%g", **look)


def ask_wish(closet: OutfitContext) -> tuple[Wish, int]:
    """Show the controls and return the wish and how many outfits are wanted."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            occasion = ask_occasion("Occasion", "outfits-occasion", persist_state="session", width="content")
            typed = "Typed by you: this app asks no weather service."
            temperature = ask_temperature("outfits-temperature", 170, typed)
            now = SEASONS.index(grammar.season_of(page.today()))
            look = {"placeholder": "Any", "width": 150, **page.kept("outfits-season")}
            season = st.selectbox("Season", SEASONS, now, str.capitalize, **look)
            count = st.number_input("How many", 1, 24, 6, width=120, **page.kept("outfits-count"))
        temperature = plausible(temperature)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            locked = _ask_locked(closet)
            look = {"placeholder": "Clothes only", "width": 250, **page.kept("outfits-extras")}
            extras = st.multiselect("With", ACCESSORY_SLOTS[:-1], format_func=str.capitalize, **look)
            page.button("Shuffle", "outfits-shuffle", "shuffle", shuffle, width=118)
    return wish_of(closet, occasion, temperature, season=season, locked=locked, extras=tuple(extras)), count


def wish_of(closet: OutfitContext, occasion: str | None, temperature: float | None, **more: Any) -> Wish:
    """Return the wish for the day and season at hand, without what the owner dislikes; more: other fields of `Wish`."""
    disliked = frozenset(frozenset(entry["items"]) for entry in closet.document["feedback"] if not entry["liked"])
    about = {"season": grammar.season_of(page.today()), "seed": st.session_state.setdefault("outfits-seed", 0)}
    return Wish(occasion, temperature, avoid=disliked, today=page.today(), **(about | more))


def plausible(value: float | None) -> float | None:
    """Return the temperature, or ``None`` and the question what was meant where it cannot be one."""
    problem = grammar.temperature_problem(value)
    if value is None or problem is None:
        return value
    use, key = st.session_state.__setitem__, "outfits-temperature"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/thermostat: {problem}")
        if "°F" in problem:
            celsius = float(round(grammar.fahrenheit_to_celsius(value)))
            page.button(f"Use {celsius:.0f} °C", "outfits-celsius", None, use, key, celsius)
        page.button("Without a temperature", "outfits-no-celsius", None, use, key, None, type="tertiary")
    return None


def _ask_locked(closet: OutfitContext) -> tuple[str, ...]:
    key = "outfits-locked"
    labels = told_apart(item for item in closet.items if grammar.unavailable(item) is None)
    st.session_state[key] = [item_id for item_id in st.session_state.get(key, []) if item_id in labels]
    look = {"placeholder": "A piece that every outfit is to hold", "width": 380, **page.kept(key)}
    return tuple(st.multiselect("Build around", list(labels), format_func=labels.__getitem__, **look))


def shuffle(keep: str | None = None) -> None:
    """Ask for other suggestions; ``keep``: the key of a widget that holds the ids to build around. For a callback."""
    if keep is not None:
        st.session_state["outfits-locked"] = list(st.session_state[keep])
    st.session_state["outfits-seed"] = st.session_state.get("outfits-seed", 0) + 1


def suggestions(closet: OutfitContext, wish: Wish, count: int) -> Suggestions:
    """Return the suggestions; the list stays as it is until something else is asked for or can be worn.

    A rating or a wear changes the score of what is shown, not the list under the pointer.
    """
    states = hash(tuple((item["id"], item.get("state"), item.get("category_id")) for item in closet.items))
    asked = (str(closet.store.home), states, replace(wish, avoid=frozenset()), count)
    kept = st.session_state.get("outfits-list")
    if kept is None or kept[0] != asked:
        found = suggest(closet.items, wish, count, closet.model, closet.taste.weights)
        kept = st.session_state["outfits-list"] = (asked, found)
    return kept[1]


def explain_shortage(closet: OutfitContext, wish: Wish, count: int, found: Suggestions) -> None:
    """Say why there are none or few suggestions, and what to do."""
    for problem in found.problems:
        st.warning(page.literal(problem), icon=":material/info:")
    if found.problems:
        return
    if needs_outerwear(closet.items, wish) and found.outfits:
        st.info("It is cold and no coat or jacket can be worn: these go without.", icon=":material/ac_unit:")
    said = None if wish.locked and found.outfits else advice(closet.items, wish, min(count, 6))
    if said and (len(found.outfits) < min(count, 6) or not found.outfits):
        st.info(page.literal(said), icon=":material/lightbulb:")
    elif not found.outfits:
        st.info("No outfit holds all of that. Take a piece out of “Build around”.", icon=":material/lightbulb:")
    unsorted = sum(not item.get("category_id") and item.get("slot") not in ACCESSORY_SLOTS for item in closet.items)
    if unsorted and len(found.outfits) < count:
        some = f"{unsorted} item{'s have' if unsorted > 1 else ' has'}"
        st.caption(f":material/info: {some} no category and cannot be in an outfit: choose one in the wardrobe.")


def summary(closet: OutfitContext, found: Suggestions) -> None:
    """State how different the outfits of the list are."""
    slots = {item["id"]: grammar.slot_of(item) for outfit in found.outfits for item in closet.present(outfit.ids)}
    if told := diversity(found.outfits, slots):
        st.caption(told)
