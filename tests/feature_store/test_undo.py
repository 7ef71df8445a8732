"""Taking changes back: the journal outlives a restart, and what others did since stays."""

import sys
import tempfile

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from wardrobe_items import edit_many

from ewardrobe.feature_store import journal, wearing
from ewardrobe.feature_store.store import FeatureStore

CUTOUT = np.full((8, 6, 4), 255, np.uint8)


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    return FeatureStore(tmp_path / "home")


def without_times(store: FeatureStore) -> list[dict]:
    return [{name: value for name, value in item.items() if name != "changed"} for item in store.items()]


def test_every_kind_of_change_is_undone_and_redone_one_after_the_other(store):
    states = [[]]

    def done(change):
        states.append(without_times(store))
        return change

    first = done(store.add({"type": "shirt"}, CUTOUT))
    second = done(store.add({"type": "jeans"}))
    done(store.update(first, brand="Acme", category="skirt"))
    done(edit_many(store, {first: {"size": "M"}, second: {"size": "L"}}, source="user"))
    done(wearing.log_wear(store, [first, second], "2026-03-01"))
    done(wearing.wash(store, [first]))
    done(store.update(second, fit="loose"))
    done(store.remove(first))
    for before in reversed(states[:-1]):
        assert FeatureStore(store.home).undo().kept == 0
        assert without_times(store) == before
    assert store.undo() is None
    for after in states[1:]:
        assert FeatureStore(store.home).redo().kept == 0
        assert without_times(store) == after
    assert store.redo() is None
    store.undo()
    assert store.image_path(first) is not None, "the picture came back from the trash"


def test_changes_are_told_in_words(store):
    shirt, jeans = store.add_many([({"type": "shirt"}, None, None), ({"type": "jeans"}, None, None)])
    store.update(shirt, brand="Acme")
    edit_many(store, {shirt: {"size": "M"}, jeans: {"size": "L", "notes": "x"}}, source="user")
    wearing.log_wear(store, [shirt, jeans], "2026-03-01")
    wearing.wash(store, [jeans], "2026-03-01")
    store.remove(jeans)
    assert [entry.what for entry in store.changes()][::-1] == [
        *("added 2 items", "edited brand: shirt", "edited size and notes: 2 items"),
        *("logged wear on 1 March: 2 items", "washed: jeans", "removed jeans"),
    ]
    assert str(store.undo()) == "removed jeans"
    assert [entry.what for entry in store.changes()][0] == "washed: jeans"


def test_what_others_edited_since_is_not_undone(store):
    item_id, other = store.add_many([({"type": "shirt"}, None, None)] * 2)
    edit_many(store, {item_id: {"brand": "mine", "size": "M"}, other: {"brand": "mine"}}, source="user")
    mine = store.changes()[0].id
    edit_many(FeatureStore(store.home), {item_id: {"brand": "theirs", "notes": "kept"}}, source="import")
    undone = store.undo(mine)
    item = store.get(item_id)
    assert (item["brand"], item["size"], item["notes"]) == ("theirs", None, "kept")
    assert item["source"] == {"brand": "import", "notes": "import"}
    assert store.get(other)["brand"] is None
    assert (undone.items, undone.kept) == (1, 1)
    assert str(undone) == "edited brand and size: 2 items; 1 changed since and left as it is"
    assert store.undo(mine) is None, "once is enough"


def test_an_item_that_others_edited_since_stays_and_one_that_is_back_is_not_doubled(store):
    item_id = store.add({"type": "shirt"})
    added = store.changes()[0].id
    store.update(item_id, brand="theirs")
    assert store.undo(added).kept == 1
    (removed,) = store.remove(item_id)
    gone = store.changes()[0].id
    store.add(removed)
    assert store.undo(gone).kept == 1
    assert len(store.items()) == 1


def test_wears_are_taken_out_of_the_middle(store):
    item_id = store.add({"type": "jeans"})
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        wearing.log_wear(store, [item_id], day)
    store.undo(store.changes()[1].id)
    item = store.get(item_id)
    assert ([wear["date"] for wear in item["wear_log"]], item["wears_since_wash"]) == (["2026-03-01", "2026-03-03"], 2)


def test_samples_and_changes_of_nothing_are_not_in_the_journal(store):
    store.ensure_samples()
    store.update(store.items()[0]["id"], brand=None)
    assert store.changes() == []
    assert store.undo() is None


def test_a_broken_journal_costs_its_lines_only(store):
    item_id = store.add({"type": "shirt"})
    store.update(item_id, brand="Acme")
    path = store.home / journal.FILE
    with open(path, "ab") as file:
        file.write(b'\n{"id": "torn')
    store.update(item_id, brand="Other")
    assert [entry.what for entry in store.changes()] == ["edited brand: shirt"] * 2 + ["added shirt"]
    path.write_bytes(b"\xff\n[]\n{}\n" + path.read_bytes())
    store.undo()
    assert store.get(item_id)["brand"] == "Acme"
    path.unlink()
    assert store.undo() is None


def test_the_journal_stays_small(store, monkeypatch):
    monkeypatch.setattr(journal, "KEEP_BYTES", 5_000)
    item_id = store.add({"type": "shirt"})
    for number in range(60):
        store.update(item_id, notes=f"{number} " + "x" * 100)
    assert (store.home / journal.FILE).stat().st_size < 6_000
    for number in reversed(range(57, 60)):
        store.undo()
        assert store.get(item_id)["notes"].startswith(f"{number - 1} ")


def calls_of_undo(store: FeatureStore, count: int) -> int:
    """How many functions are called to take back a change of ``count`` items."""
    ids = store.add_many([({"type": "shirt"}, None, None)] * count)
    edit_many(store, {item_id: {"brand": "Acme"} for item_id in ids}, source="user")
    calls = []
    sys.setprofile(lambda frame, event, argument: calls.append(event) if event == "call" else None)
    try:
        assert store.undo().items == count
    finally:
        sys.setprofile(None)
    return len(calls)


def test_the_work_of_an_undo_grows_with_the_items_and_no_faster(tmp_path):
    few, many = (calls_of_undo(FeatureStore(tmp_path / str(count)), count) for count in (100, 400))
    assert many < 6 * few


class Journal(RuleBasedStateMachine):
    """Any sequence of changes, undone to the beginning, leaves the beginning; redone, the end."""

    @initialize(home=st.uuids())
    def start(self, home):
        self.folder = tempfile.TemporaryDirectory()
        self.store = FeatureStore(self.folder.name)
        self.ids = self.store.add_many([({"type": "shirt"}, None, None)] * 3)
        self.states = [without_times(self.store)]

    def teardown(self):
        if hasattr(self, "folder"):
            while len(self.states) > 1:
                self.undo()
            self.folder.cleanup()

    def note(self):
        if (now := without_times(self.store)) != self.states[-1]:
            self.states.append(now)

    @rule(
        at=st.integers(0, 2),
        name=st.sampled_from(["brand", "tags", "fit", "price"]),
        value=st.sampled_from([None, 1, 2.5]),
    )
    def edit(self, at, name, value):
        edit_many(self.store, {self.ids[at]: {name: value}}, source="user")
        self.note()

    @rule(at=st.integers(0, 2), day=st.integers(1, 4), outfit=st.sampled_from([None, "a"]))
    def wear(self, at, day, outfit):
        wearing.log_wear(self.store, [self.ids[at]], f"2026-03-0{day}", outfit)
        self.note()

    @rule(at=st.integers(0, 2), day=st.integers(1, 4))
    def wash(self, at, day):
        wearing.wash(self.store, [self.ids[at]], f"2026-03-0{day}")
        self.note()

    @rule(at=st.integers(0, 2))
    def remove_or_put_back(self, at):
        if self.ids[at] in {item["id"] for item in self.store.items()}:
            self.store.remove(self.ids[at])
        else:
            self.store.add({"type": "shirt", "id": self.ids[at]})
        self.note()

    @rule()
    def undo(self):
        if len(self.states) > 1:
            self.states.pop()
            assert self.store.undo().kept == 0
            assert without_times(self.store) == self.states[-1]


TestJournal = Journal.TestCase
TestJournal.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
