"""An app for the tests: a stream whose models fail on every frame."""

import streamlit as st

from ewardrobe.app.live import stream
from ewardrobe.tryon.session import LiveSession


class Failing:
    """A segmenter that never answers."""

    name = "failing"

    def predict(self, image, min_score=0.5):
        """Fail."""
        raise RuntimeError("the model broke")

    parse = predict

    def at(self, size):
        """Return the same model."""
        return self


session = stream.live_session("live", lambda: LiveSession("failing", load=lambda name: Failing()))
stream.stream(session, "live")


@st.fragment(run_every=0.5)
def report() -> None:
    """Show what the session says about itself."""
    stats = session.stats()
    st.text(f"fps={stats.camera_fps:.0f} error={stats.error}")


report()
