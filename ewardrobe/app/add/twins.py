"""The notice that a garment seems to be in the wardrobe already, with the choice of what becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from ewardrobe.app.fields import showing
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.draft import CHOICES
from ewardrobe.garments.review import photos_of
from ewardrobe.garments.saving import hash_of

HELP = (
    "Keep both: two items. Same as this one: no new item; what the one in the wardrobe lacks is filled in. "
    "Skip: this one is left out."
)


def twin_notice(
    text: str, picture: np.ndarray | str | None, choice: str, key: str, decide: Callable[[str], object]
) -> None:
    """Show ``text`` beside the twin's ``picture``, and the choice; ``decide`` is called with a new one."""
    left, right = st.columns([1, 3], gap="small", vertical_alignment="center")
    if picture is not None:
        left.image(picture, width="stretch")

    right.caption(f":orange[:material/content_copy:] {text}", help=HELP)
    st.selectbox("What becomes of it?", CHOICES, label_visibility="collapsed", **showing(key, choice, decide))


def known_garments(store: FeatureStore) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return ``{item id: hash}`` and ``{key of a photo: its items}``, once for each state of the wardrobe's file."""
    return _known(str(store.home.absolute()), store.signature())


@st.cache_resource(show_spinner="Comparing with the wardrobe …", max_entries=2)
def _known(home: str, signature: tuple | None) -> tuple[dict[str, str], dict[str, set[str]]]:
    store = FeatureStore(home)
    try:
        items = store.items()
    except StoreError:  # the page that shows the wardrobe says so
        return {}, {}
    return {item["id"]: text for item in items if (text := hash_of(store, item))}, photos_of(items)
