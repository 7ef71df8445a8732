"""What is around every page: its style, and a sidebar whose entries lead to their page's start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ewardrobe.app.page import script_beside, style_beside


@contextmanager
def frame() -> Iterator[None]:
    """Show the page inside, framed."""
    st.html(f"<style>{style_beside(__file__)}</style>")
    yield
    st.components.v2.component("ewardrobe_frame", js=script_beside(__file__))(height=0)
