"""Two sessions and one that reads anew, against a dictionary: whatever they do in turn, all see the same wardrobe."""

import os
import tempfile
import time

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from wardrobe_items import edit_many

from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.feature_store.wardrobe_json import parse_document
from ewardrobe.wardrobe.fields import cleaned, faults
from ewardrobe.wardrobe.vocabulary import STATES

TEXT = st.text(max_size=8)
VALUES = {
    "brand": TEXT | st.none(),
    "tags": st.lists(TEXT, max_size=2),
    "price": st.floats(0, 1e9) | st.none(),
    "favourite": st.booleans(),
    "state": st.sampled_from(STATES),
    "fit": st.recursive(TEXT | st.integers() | st.none(), lambda part: st.lists(part, max_size=2), max_leaves=3),
}


def held(fields: dict) -> dict:
    """Return ``fields`` as the wardrobe holds them: text as a person sees it."""
    return {name: cleaned(name, value) for name, value in fields.items()}


FIELDS = st.fixed_dictionaries({}, optional=VALUES)
SESSION = st.integers(0, 1)


class Sessions(RuleBasedStateMachine):
    ids = Bundle("ids")

    @initialize()
    def start(self):
        self.folder = tempfile.TemporaryDirectory()
        self.sessions = [FeatureStore(self.folder.name), FeatureStore(self.folder.name)]
        self.model: dict[str, dict] = {}

    def teardown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    @rule(target=ids, session=SESSION, entries=st.lists(FIELDS, min_size=1, max_size=3))
    def add(self, session, entries):
        added = self.sessions[session].add_many([({"type": "hat", **fields}, None, None) for fields in entries])
        self.model |= dict(zip(added, map(held, entries), strict=True))
        return multiple(*added)

    @rule(session=SESSION, edits=st.dictionaries(ids, FIELDS, max_size=3))
    def edit(self, session, edits):
        edit_many(self.sessions[session], edits)
        for item_id, fields in edits.items():
            self.model[item_id] = self.model[item_id] | held(fields)

    @rule(session=SESSION, item_id=consumes(ids), target=ids)
    def remove_and_undo(self, session, item_id):
        self.sessions[session].remove(item_id)
        self.sessions[1 - session].undo()
        return item_id

    @rule(session=SESSION, item_id=consumes(ids))
    def remove(self, session, item_id):
        (removed,) = self.sessions[session].remove(item_id)
        removed["type"] = "altered by the caller"
        del self.model[item_id]

    @rule(session=SESSION)
    def alter_what_was_read(self, session):
        for item in self.sessions[session].items():
            item["tags"].append("altered by the caller")
            self.sessions[session].get(item["id"])["tags"].append("altered by the caller")
        for tags in self.sessions[session].load()["tags"]:
            tags.append("altered by the caller")

    @invariant()
    def all_see_the_same(self):
        if not self.model:
            return
        path = self.sessions[0].path
        anew = parse_document(path.read_bytes(), path)
        assert [item["id"] for item in anew["items"]] == list(self.model)
        for item, fields in zip(anew["items"], self.model.values(), strict=True):
            assert {name: item[name] for name in fields} == fields
        assert not [fault for item in anew["items"] for fault in faults(item)]
        for session in self.sessions:
            assert session._snapshot().document["items"] == anew["items"] == session.items()


def test_a_file_that_did_not_change_is_not_read_again_and_one_that_did_is(tmp_path, monkeypatch):
    store, reads = FeatureStore(tmp_path), []
    item_id = store.add({"type": "shirt"})
    real = FeatureStore._raw
    monkeypatch.setattr(FeatureStore, "_raw", lambda self: reads.append(1) or real(self))
    store.get(item_id)
    assert len(reads) == 1, "just written: its time could be that of another change"
    old = time.time_ns() - 10**9
    os.utime(store.path, ns=(old, old))
    for _ in range(3):
        assert store.get(item_id)["type"] == "shirt"
    assert len(reads) == 2
    store.path.write_bytes(store.path.read_bytes().replace(b"shirt", b"smock"))
    assert store.get(item_id)["type"] == "smock"
    reads.clear()
    store.update(item_id, brand="Acme")
    assert reads, "a change never trusts the time"


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=20, stateful_step_count=10, deadline=None)
