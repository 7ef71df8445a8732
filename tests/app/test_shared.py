"""What the pages share: the wardrobe of the very first start."""

from __future__ import annotations

import threading

from ewardrobe.app import page
from ewardrobe.feature_store import store


def test_a_rerun_during_the_very_first_run_waits_for_the_samples(monkeypatch):
    """Streamlit starts it while the run before still draws them: it must not find an empty wardrobe."""
    monkeypatch.setattr(page.st, "session_state", {})  # one tab's, as both runs see it
    drawing, go_on, draw = threading.Event(), threading.Event(), store._sample_entries

    def slowly():
        drawing.set()
        assert go_on.wait(30)
        return draw()

    monkeypatch.setattr(store, "_sample_entries", slowly)
    found = []
    runs = [threading.Thread(target=lambda: found.append(len(page.wardrobe_store().items()))) for _ in range(2)]
    runs[0].start()
    assert drawing.wait(30)
    runs[1].start()
    runs[1].join(0.5)
    early = list(found)
    go_on.set()
    for run in runs:
        run.join(30)
    assert early == []
    assert found == [2, 2]
