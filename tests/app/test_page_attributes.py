"""Attributes on the cards of Add garments: asserted, asked, answered, and what is stored of each."""
# ruff: noqa: F401 - fixtures of another file

from __future__ import annotations

import pytest
from attribute_files import Teller
from garments_page import (
    OUTFIT,
    by_key,
    models,
    own_items,
    page,
    press,
    run,
    store,
    texts,
    unet_first,
    upload,
)

from ewardrobe.core.attributes import kinds_of
from ewardrobe.models import cache


@pytest.fixture
def teller(monkeypatch):
    one = Teller(pattern=("striped", 0.93), material=("wool", 0.41), style=("smart", 0.8), sleeve=("short", 0.9))
    one.says["kind"] = ("polo", 0.55)
    monkeypatch.setattr(cache, "classifier", lambda: one)
    return one


def test_sure_values_are_stated_and_others_asked(teller, page):
    at = upload(page, OUTFIT)
    pattern, material = by_key(at.selectbox, "pattern-")[0], by_key(at.selectbox, "material-")[0]
    assert (pattern.label, pattern.value) == ("Pattern · 93%", "striped")
    assert (material.label, material.value, material.placeholder) == ("Material · ?", None, "wool? (41%)")
    assert len(by_key(at.selectbox, "sleeve-")) == 1, "trousers have none"


def test_answers_are_the_owners_and_questions_stay_open(teller, page, store):
    at = upload(page, OUTFIT)
    at = run(by_key(at.selectbox, "material-")[0].set_value("silk"))
    at = run(by_key(at.selectbox, "pattern-")[0].set_value("dotted"))
    press(at, "save")
    top, trousers = own_items(store)
    assert (top["material"], top["pattern"]) == ("silk", "dotted")
    assert top["source"]["material"] == top["source"]["pattern"] == "user"
    assert top["source"]["style"] == {"by": "attributes", "confidence": 0.8}
    assert (trousers["pattern"], trousers["material"]) == ("striped", None)
    assert trousers["source"]["material"] == {"by": "attributes", "confidence": 0.41, "guess": "wool"}


def test_a_name_is_asked_with_the_likeliest_first_and_the_owners_word_holds(teller, page, store):
    at = upload(page, OUTFIT)
    name = by_key(at.selectbox, "type-")[0]
    assert (name.label, name.value, name.placeholder) == ("Kind · ?", None, "polo? (55%)")
    assert name.options[:2] == ["polo", "t-shirt"] and set(name.options) == set(kinds_of(1))
    at = run(name.set_value("tank top"))
    assert by_key(at.selectbox, "type-")[0].value == "tank top"
    press(at, "save")
    top, trousers = own_items(store)
    assert (top["type"], top["source"]["type"]) == ("tank top", "user")
    assert trousers["type"] == "trousers", "nothing is guessed in silence"
    assert trousers["source"]["type"] == {"by": "attributes", "confidence": 0.55, "guess": "polo"}


def test_a_sure_kind_is_the_name(teller, page, store):
    teller.says["kind"] = ("polo", 0.9)
    at = upload(page, OUTFIT)
    name = by_key(at.selectbox, "type-")[0]
    assert (name.label, name.value) == ("Kind · 90%", "polo")
    press(at, "save")
    assert own_items(store)[0]["type"] == "polo"
    assert own_items(store)[0]["source"]["type"] == {"by": "attributes", "confidence": 0.9}


def test_moving_a_slider_asks_the_network_nothing_again(teller, page):
    at = upload(page, OUTFIT)
    asked = teller.asked
    at = run(by_key(at.checkbox, "keep-")[0].uncheck())
    assert teller.asked == asked


def test_another_kind_is_told_anew(teller, page, store):
    at = upload(page, OUTFIT)
    at = run(by_key(at.selectbox, "kind-")[0].set_value("shoes"))
    assert by_key(at.selectbox, "pattern-")[0].value is None, "the network knows no shoes"
    assert set(by_key(at.selectbox, "type-")[0].options) == set(kinds_of(16))
    press(at, "save")
    assert own_items(store)[0]["pattern"] is None


def test_without_weights_the_page_says_so_and_works(page, store, tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "manifest.json").write_text('{"models": {}}')
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path / "weights"))
    cache.release()
    at = upload(page, OUTFIT)
    assert "Pattern, material, style and name are not told" in texts(at)
    press(at, "save")
    assert own_items(store)[0]["sleeve"] == "short"
    cache.release()
