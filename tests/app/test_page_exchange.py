"""The page Import and export without a browser: out, wiped, in, the same."""

from __future__ import annotations

import io
import shutil
import zipfile

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from wardrobe_page import run

from ewardrobe.feature_store.backup_zip import write_backup
from ewardrobe.feature_store.csv_table import csv_bytes
from ewardrobe.feature_store.marker import accept_loss
from ewardrobe.feature_store.store import FeatureStore

ITEMS = (
    {"id": "a", "type": "jeans", "category_id": 8, "colour": "blue", "tags": ["work"], "price": 80.0},
    {"id": "b", "type": "shoes", "slot": "shoes", "brand": "Acme"},
)


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    store = FeatureStore(wardrobe_home)
    cutout = np.full((40, 30, 4), 200, np.uint8)
    store.add_many([(item, cutout, None) for item in ITEMS])
    store.ensure_samples()
    return store


@pytest.fixture
def page(repository):
    def open_page() -> AppTest:
        return run(AppTest.from_file(str(repository / "pages" / "exchange.py"), default_timeout=90))

    return open_page


def bring(at: AppTest, name: str, content: bytes) -> AppTest:
    kind = "application/zip" if name.endswith("zip") else "text/csv"
    return run(at.file_uploader[0].set_value((name, content, kind)))


def counts(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def texts(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption, *at.error, *at.info, *at.toast, *at.code])


def backup_of(store: FeatureStore) -> bytes:
    buffer = io.BytesIO()
    write_backup(store, buffer)
    return buffer.getvalue()


def test_the_backup_is_packed_and_offered_and_packed_anew_after_a_change(store, page):
    at = page()
    run(at.button(key="export-pack").click())
    assert [button.proto.label for button in at.get("download_button")][0].startswith("Save the backup")
    assert "2 items, 4 pictures" in texts(at) or "2 items, 2 pictures" in texts(at)
    _, content, _ = at.session_state["backup"]
    assert "wardrobe.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    store.update("a", brand="New")
    assert any(button.key == "export-pack" for button in run(at).button)


def test_exported_wiped_imported_is_the_same_wardrobe(store, page, wardrobe_home):
    before, content = store.items(), backup_of(store)
    shutil.rmtree(wardrobe_home)
    accept_loss(wardrobe_home)
    store.ensure_samples()
    store.remove_samples()
    at = bring(page(), "backup.zip", content)
    assert counts(at) == {"New": "2", "Different": "0", "The same": "0"}
    run(at.button(key="import-do").click())
    assert store.items() == before
    assert store.image_path("a").exists()
    assert "Imported: 2 added" in texts(at)
    assert not at.metric, "the box was not emptied"


@pytest.mark.parametrize(("choice", "brand"), [("theirs", None), ("mine", "Changed")])
def test_the_preview_tells_what_differs_and_the_owner_chooses(store, page, choice, brand):
    content = backup_of(store)
    store.update("a", brand="Changed")
    at = bring(page(), "backup.zip", content)
    assert counts(at) == {"New": "0", "Different": "1", "The same": "1"}
    assert at.dataframe[0].value["What differs"].tolist() == ["brand: Changed → –"]
    at.radio(key="import-choice").set_value(choice)
    run(at.button(key="import-do").click())
    assert store.get("a")["brand"] == brand


def test_what_is_not_in_the_file_goes_only_when_asked(store, page):
    content = backup_of(store)
    store.add({"id": "c", "type": "hat"})
    at = bring(page(), "backup.zip", content)
    run(at.button(key="import-do").click())
    assert len(store.items()) == 3
    at = bring(page(), "backup.zip", content)
    at.checkbox(key="import-remove").set_value(True)
    run(at.button(key="import-do").click())
    assert [item["id"] for item in store.items()] == ["a", "b"]


def test_a_table_changes_cells_and_names_its_faulty_rows(store, page):
    table = b"id,type,brand,price,colur\na,jeans,Acme,12.50,x\n,socks,,soon,\n,hat,,5,\n"
    at = bring(page(), "clothes.csv", table)
    assert (counts(at)["Different"], int(counts(at)["New"]) >= 1) == ("1", True)
    assert "line 3" in texts(at)
    assert "colur" in texts(at)
    run(at.button(key="import-do").click())
    assert (store.get("a")["brand"], store.get("a")["price"]) == ("Acme", 12.5)
    assert "hat" in [item["type"] for item in store.items()]


def test_an_unchanged_table_is_nothing_to_import(store, page):
    at = bring(page(), "clothes.csv", csv_bytes(store.items()))
    assert "in the wardrobe already" in texts(at)
    assert not [button for button in at.button if button.key == "import-do"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.zip", b"no zip"), ("a.csv", b"x;y\n1;2\n"), ("a.csv", b""), ("a.zip", b"")],
)
def test_what_is_no_wardrobe_is_refused_with_a_reason(store, page, name, content):
    before = store.path.read_bytes()
    at = bring(page(), name, content)
    assert at.error
    assert store.path.read_bytes() == before


def test_a_hostile_backup_is_refused(store, page):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("wardrobe.json", store.path.read_bytes())
        archive.writestr("../outside.png", b"x")
    at = bring(page(), "evil.zip", buffer.getvalue())
    assert at.error
    assert not [button for button in at.button if button.key == "import-do"]


def test_an_empty_wardrobe_offers_only_the_import(wardrobe_home, page):
    store = FeatureStore(wardrobe_home)
    store.ensure_samples()
    store.remove_samples()
    at = page()
    assert "nothing to export yet" in texts(at)
    assert at.file_uploader


def test_the_page_says_that_a_backup_was_tested_and_saves_it_on_this_machine(store, page, tmp_path):
    at = run(page().button(key="export-pack").click())
    assert "restorable, tested just now" in texts(at)
    target = tmp_path / "mine.zip"
    at.text_input(key="export-path").set_value(str(target))
    at = run(at.button(key="export-save").click())
    assert "Saved as" in "\n".join(element.value for element in at.success)
    with zipfile.ZipFile(target) as archive:
        assert "wardrobe.json" in archive.namelist()
    before = target.read_bytes()
    at = run(at.button(key="export-save").click())
    assert "is there already" in texts(at)
    assert target.read_bytes() == before


def test_a_file_on_this_machine_is_brought_in(store, page, tmp_path):
    (tmp_path / "mine.zip").write_bytes(backup_of(store))
    store.update("a", brand="Changed")
    at = page()
    at = run(at.text_input(key="import-path-0").set_value(str(tmp_path / "none.zip")))
    assert "no such ZIP or CSV file" in texts(at)
    at = run(at.text_input(key="import-path-0").set_value(str(tmp_path / "mine.zip")))
    assert counts(at)["Different"] == "1"
    run(at.button(key="import-do").click())
    assert store.get("a")["brand"] is None


@pytest.mark.parametrize("name", ["~nosuchuser/a.zip", "a\0b.zip", "x" * 300 + ".csv", "circle.zip", "unreadable.csv"])
def test_a_file_that_cannot_be_read_is_told(store, page, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "circle.zip").symlink_to("circle.zip")
    (tmp_path / "unreadable.csv").symlink_to("/proc/self/mem")
    at = page()
    at = run(at.text_input(key="import-path-0").set_value(name))
    assert at.error
    if name.endswith(".csv"):
        return
    at.text_input(key="export-path").set_value(name)
    at = run(at.button(key="export-save").click())
    assert name == "a\0b.zip" or at.error or (tmp_path / "~nosuchuser" / "a.zip").exists()


def test_the_kept_copies_are_tested_and_restored(store, page):
    store.update("a", brand="Changed")
    copy = store.backups()[0]
    at = run(page().button(key="copies-test").click())
    assert "restorable, tested just now" in texts(at)
    store.update("a", brand="Later")
    image = store.image_path("b")
    content = bytearray(image.read_bytes())
    content[-20] ^= 1
    image.write_bytes(content)
    assert store.unprovable(copy) == [image.name]
    run(at.button(key="copies-restore-0").click())
    assert store.get("a")["brand"] == "Changed"


def test_a_drive_that_is_gone_is_told_and_may_be_given_up(store, page, wardrobe_home):
    shutil.rmtree(wardrobe_home)
    at = page()
    assert "connect it" in texts(at)
    assert not wardrobe_home.exists()
    run(at.button(key="accept-loss").click())
    assert not page().error


def test_the_letters_of_a_table_are_chosen_by_its_words(store, page):
    at = bring(page(), "table.csv", "type,brand\nhat,Žižkov\n".encode("cp1250"))
    (asked,) = (box for box in at.radio if "letters" in box.label)
    assert (asked.value, counts(at)) == (None, {})
    run(asked.set_value("cp1250"))
    assert counts(at) == {"New": "1", "Different": "0", "The same": "0"}
    run(at.button(key="import-do").click())
    assert store.items()[-1]["brand"] == "Žižkov"
