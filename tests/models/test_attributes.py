"""The attribute network in the package: crops, calibration, what is asserted and asked, what the owner keeps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from attribute_files import SIZE, Teller, write_folder, write_weights
from wardrobe_items import edit_many

from ewardrobe.__main__ import main
from ewardrobe.core.attributes import HEADS, KIND_CATEGORIES, SLEEVE_OF_CATEGORY, Guess, heads_of, kinds_of
from ewardrobe.core.taxonomy import CATEGORIES, INSTANCE_IDS, category
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments import attributes
from ewardrobe.garments.analyse import analyse
from ewardrobe.models import attributes as learned
from ewardrobe.models import cache
from ewardrobe.models.calibration import Calibration, expected_calibration_error, f1_by_class, macro_f1
from ewardrobe.models.networks.attributes import AttributeNet, masked_moments
from ewardrobe.models.weights import WeightsError
from ewardrobe.wardrobe import sources
from ewardrobe.wardrobe.derived import with_derived
from ewardrobe.wardrobe.edits import change_of
from ewardrobe.wardrobe.vocabulary import KINDS, MATERIALS, PATTERNS, SLEEVES, STYLES, TYPES


@pytest.fixture(autouse=True)
def fresh():
    """The shipped weights are loaded once in a process; each test has its own."""
    cache.release()
    yield
    cache.release()


@pytest.fixture
def teller(monkeypatch):
    """Put a classifier that says what it is told in the place of the shipped one."""

    def put(**says) -> Teller:
        one = Teller(**says)
        monkeypatch.setattr(cache, "classifier", lambda: one)
        return one

    return put


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    return FeatureStore(tmp_path / "wardrobe")


def cutout(colour=(200, 30, 40), height=60, width=40) -> np.ndarray:
    picture = np.zeros((height + 8, width + 8, 4), np.uint8)
    picture[4:-4, 4:-4] = (*colour, 255)
    return picture


# The network and its input


def test_values_are_those_that_items_can_have():
    for name, choices in (("pattern", PATTERNS), ("material", MATERIALS), ("style", STYLES), ("sleeve", SLEEVES)):
        assert set(HEADS[name]) <= set(choices)


def test_sleeves_agree_with_the_names_of_the_categories():
    for one in CATEGORIES:
        said = SLEEVE_OF_CATEGORY.get(one.id)
        assert (said is None) == (one.slot == "bottom")
        if "sleeve" in one.name:
            assert one.name.startswith(said)


def test_background_does_not_matter():
    torch.manual_seed(1)
    model = AttributeNet(16).eval()
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[10:50, 20:40] = 255
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
    other = np.where(mask[..., None] > 0, rgb, rng.integers(0, 255, rgb.shape, dtype=np.uint8))
    inputs = torch.from_numpy(np.stack([learned.to_input(rgb, mask), learned.to_input(other, mask)]))
    with torch.inference_mode():
        outputs = model(inputs, torch.tensor([1, 1]))
    for values in outputs.values():
        torch.testing.assert_close(values[0], values[1])


def test_the_sleeve_head_does_not_see_the_category():
    model = AttributeNet(16).eval()
    x = torch.rand(1, 4, SIZE, SIZE).expand(2, -1, -1, -1)
    with torch.inference_mode():
        outputs = model(x, torch.tensor([1, 2]))
    torch.testing.assert_close(outputs["sleeve"][0], outputs["sleeve"][1])
    assert not torch.equal(outputs["pattern"][0], outputs["pattern"][1])


def test_moments_under_a_mask():
    x = torch.tensor([[[[1.0, 3.0], [100.0, 100.0]]]])
    mean, deviation = masked_moments(x, torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]]))
    assert mean.item() == pytest.approx(2)
    assert deviation.item() == pytest.approx(1, abs=1e-3)
    empty_mean, _ = masked_moments(x, torch.zeros(1, 1, 2, 2))
    assert empty_mean.item() == 0


@pytest.mark.parametrize("size", [(300, 100), (7, 90), (1, 1)])
def test_crop_keeps_proportions_and_the_whole_garment(size):
    image = np.full((*size, 3), 90, np.uint8)
    rgb, mask = learned.crop(image, np.ones(size, bool), 96)
    assert rgb.shape == (96, 96, 3) and mask.shape == (96, 96) and mask.dtype == np.uint8
    rows, cols = mask.any(1).sum(), mask.any(0).sum()
    assert max(rows, cols) == 96
    assert min(rows, cols) == pytest.approx(max(1, 96 * min(size) / max(size)), abs=1)


# Calibration


def test_temperature_and_prior_make_chances():
    head = Calibration((np.log(0.9), np.log(0.1)), adjust=1.0, temperature=1.0, ask_below=0.5)
    np.testing.assert_allclose(head.chances(np.zeros((1, 2))), [[0.9, 0.1]])
    flat = Calibration((0.0, 0.0), adjust=1.0, temperature=10.0, ask_below=0.5)
    assert flat.chances(np.array([[5.0, 0.0]])).max() < 0.63
    assert np.isfinite(head.chances(np.array([[1e4, -1e4]]))).all()


def test_scores_worked_by_hand():
    truth, told = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert f1_by_class(truth, told, 3) == [pytest.approx(0.8), pytest.approx(2 / 3), None]
    assert macro_f1(truth, told, 3) == pytest.approx((0.8 + 2 / 3) / 2)
    assert macro_f1(truth[:0], told[:0], 3) is None
    assert expected_calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == 0
    assert expected_calibration_error(np.array([0.95, 0.95]), np.array([False, False])) == pytest.approx(0.95)
    assert expected_calibration_error(np.zeros(0), np.zeros(0, bool)) is None


# Loading


def test_a_weights_file_is_loaded_and_tells(tmp_path):
    classifier = learned.load_classifier(write_weights(tmp_path / "best.pt"))
    one = cutout()
    guesses = classifier.predict(np.ascontiguousarray(one[..., :3]), one[..., 3], 1)
    assert set(guesses) == set(HEADS)
    for name, guess in guesses.items():
        assert guess.value in HEADS[name]
        assert sum(guess.chances) == pytest.approx(1, abs=1e-3)
        assert guess.sure == (guess.confidence >= 0.5)
    assert guesses == classifier.predict(np.ascontiguousarray(one[..., :3]), one[..., 3], 1)
    assert "sleeve" not in classifier.predict(np.ascontiguousarray(one[..., :3]), one[..., 3], 8)
    assert classifier.predict(np.ascontiguousarray(one[..., :3]), np.zeros(one.shape[:2], np.uint8), 1) == {}
    with pytest.raises(ValueError, match="give the mask of this image"):
        classifier.predict(np.ascontiguousarray(one[..., :3]), one[:5, :5, 3], 1)


@pytest.mark.parametrize(
    ("category_id", "kinds"), [(8, 4), (9, 1), (16, 8), (17, 5), (19, 4), (None, len(HEADS["kind"]))]
)
def test_a_kind_is_one_of_its_category(tmp_path, category_id, kinds):
    classifier = learned.load_classifier(write_weights(tmp_path / "best.pt"))
    one = cutout()
    guesses = classifier.predict(np.ascontiguousarray(one[..., :3]), one[..., 3], category_id)
    assert set(guesses) == set(heads_of(category_id))
    guess = guesses["kind"]
    possible = [kind for kind, chance in zip(HEADS["kind"], guess.chances, strict=True) if chance > 0]
    assert possible == list(kinds_of(category_id)) and len(possible) == kinds
    assert guess.value in possible and sum(guess.chances) == pytest.approx(1, abs=1e-2)
    if kinds == 1:
        assert (guess.value, guess.confidence, guess.sure) == ("skirt", 1.0, True)


def test_older_weights_without_kinds_go_on_telling_the_rest(tmp_path):
    heads = ("pattern", "material", "style", "sleeve")
    classifier = learned.load_classifier(write_weights(tmp_path / "best.pt", heads))
    one = cutout()
    assert tuple(classifier.predict(np.ascontiguousarray(one[..., :3]), one[..., 3], 1)) == heads
    assert classifier.predict(np.ascontiguousarray(one[..., :3]), one[..., 3], 16) == {}
    with pytest.raises(WeightsError, match="'pattern'"):
        learned.load_classifier(write_weights(tmp_path / "fewer.pt", heads[1:]))


def test_the_shipped_weights_tell_a_kind_of_the_category_or_none(repository):
    classifier = learned.load_classifier(repository / "weights/attributes.pt")
    one = cutout()
    for category_id in INSTANCE_IDS:
        guess = classifier.predict(np.ascontiguousarray(one[..., :3]), one[..., 3], category_id).get("kind")
        assert guess is None or guess.value in kinds_of(category_id)
        assert (guess is None) == ("kind" not in classifier.calibration)


def test_every_category_has_kinds_and_every_kind_categories_of_one_slot_or_two():
    assert all(kinds_of(category_id) for category_id in INSTANCE_IDS)
    for kind, ids in KIND_CATEGORIES.items():
        assert set(ids) <= set(INSTANCE_IDS) and len({category(i).slot for i in ids}) <= 2
        assert TYPES[kind] in KINDS


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "unet"}, "holds 'unet', not 'attributes'"),
        ({"calibration": {}}, "train.attributes"),
        ({"values": {}}, "train.attributes|other values"),
        ({"last_width": None}, "train.attributes"),
        ({"values": {**HEADS, "style": ["odd"]}}, "other values"),
        ({"model": {}}, "do not fit"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, changes, says):
    with pytest.raises(WeightsError, match=says):
        learned.load_classifier(write_weights(tmp_path / "best.pt", **changes))


def test_missing_or_altered_weights_leave_no_guess_but_a_word(tmp_path, monkeypatch):
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(write_folder(tmp_path / "weights")))
    assert attributes.problem() is None
    assert attributes.guess(cutout(), 1)
    cache.release()
    (tmp_path / "weights" / "attributes.pt").write_bytes(b"not the file")
    assert "is not the file of the manifest" in attributes.problem()
    assert attributes.guess(cutout(), 1) == {}
    (tmp_path / "weights" / "attributes.pt").unlink()
    assert "missing" in attributes.problem()


def test_what_has_no_category_is_not_guessed_at(teller):
    one = teller(pattern=("striped", 0.9))
    assert attributes.guess(cutout(), None) == {}
    assert one.asked == 0


def test_of_shoes_the_kind_alone_is_told(teller, store):
    teller(pattern=("striped", 0.9), kind=("ankle boots", 0.9))
    assert set(attributes.guess(cutout(), 16)) == {"kind"}
    item_id = store.add({"slot": "shoes"}, cutout())
    analyse(store)
    item = store.get(item_id)
    assert (item["type"], item["slot"], item["pattern"], item["sleeve"]) == ("ankle boots", "shoes", None, None)


# What is asserted, what is asked


def test_sure_is_a_value_unsure_a_question():
    guesses = {"pattern": Guess("striped", 0.93, True), "material": Guess("wool", 0.41, False)}
    told = attributes.told(guesses, 8)
    assert told == {
        "pattern": ("striped", {"by": "attributes", "confidence": 0.93}),
        "material": (None, {"by": "attributes", "confidence": 0.41, "guess": "wool"}),
    }
    item = {name: value for name, (value, _) in told.items()} | {"source": {n: s for n, (_, s) in told.items()}}
    assert sources.open_question(item, "material") == ("wool", 0.41)
    assert sources.open_question(item, "pattern") is None
    assert sources.confidence_of(item, "pattern") == 0.93
    assert not sources.is_owners(item, "pattern") and not sources.is_owners(item, "material")


@pytest.mark.parametrize(
    ("guess", "by_user", "value", "by"),
    [
        (None, False, "short", "category"),
        (Guess("short", 0.7, True), False, "short", "category"),
        (Guess("long", 0.5, False), False, "short", "category"),
        (Guess("long", 0.95, True), False, None, "attributes"),
        (Guess("long", 0.95, True), True, "short", "category"),
    ],
)
def test_sleeves_are_the_categorys_unless_the_picture_says_otherwise(guess, by_user, value, by):
    said, source = attributes.told({"sleeve": guess} if guess else {}, 1, by_user)["sleeve"]
    assert (said, source["by"]) == (value, by)


def test_trousers_have_no_sleeves():
    assert attributes.told({}, 8) == {} == attributes.told({}, None)


@pytest.mark.parametrize(
    ("confidence", "said", "asked"), [(0.9, "sweater", None), (0.4, "long sleeve top", ("sweater", 0.4))]
)
def test_a_sure_kind_is_the_name_and_another_a_question(store, teller, confidence, said, asked):
    teller(kind=("sweater", confidence))
    item_id = store.add({"category_id": 2}, cutout())
    analyse(store)
    item = store.get(item_id)
    assert (item["type"], sources.open_question(item, "type")) == (said, asked)
    assert with_derived(store.load())["asks"].tolist() == [asked is not None]
    before = store.path.read_bytes()
    analyse(store)
    assert store.path.read_bytes() == before
    teller(kind=("hoodie", 0.95))
    analyse(store)
    assert store.get(item_id)["type"] == "hoodie", "its own word may be replaced"


@pytest.mark.parametrize(("source", "name"), [({}, "cosy thing"), ({"type": "user"}, "long sleeve top")])
def test_the_owners_name_stays(store, teller, source, name):
    teller(kind=("sweater", 0.9))
    item_id = store.add({"category_id": 2, "type": name, "source": source}, cutout())
    analyse(store)
    assert store.get(item_id)["type"] == name
    assert sources.open_question(store.get(item_id), "type") is None


def test_a_name_that_nobody_gave_follows_the_category(store, teller):
    teller(kind=("sweater", 0.9))
    told, own = store.add_many([({"category_id": 2}, cutout(), None), ({"category_id": 2, "type": "mine"}, None, None)])
    analyse(store, [told])
    for item_id in (told, own):
        store.alter([item_id], lambda item: change_of(item, "kind", "skirt"))
    item = store.get(told)
    assert (item["type"], item["category"], item["source"].get("type")) == ("skirt", "skirt", None)
    assert (store.get(own)["type"], store.get(own)["category"]) == ("mine", "skirt")


# Items that are there already


def test_analyse_fills_what_is_empty_and_does_it_once(store, teller):
    teller(pattern=("striped", 0.9), material=("wool", 0.3), style=("smart", 0.8), sleeve=("short", 0.9))
    item_id = store.add({"category_id": 1, "source": {"category": "yolo"}}, cutout())
    result = analyse(store)
    item = store.get(item_id)
    assert (result.looked, result.filled, result.asked) == (1, 5, 1)
    assert (item["pattern"], item["style"], item["sleeve"], item["material"]) == ("striped", "smart", "short", None)
    assert (item["colour"], item["source"]["colour"]) == ("red", "measured")
    assert sources.open_question(item, "material") == ("wool", 0.3)
    before = store.path.read_bytes()
    again = analyse(store)
    assert (again.looked, again.filled, again.asked) == (1, 0, 0)
    assert store.path.read_bytes() == before


def test_analyse_never_touches_the_owners_entries(store, teller):
    teller(pattern=("striped", 0.99), material=("wool", 0.99), style=("smart", 0.99))
    fields = {"category_id": 8, "pattern": "solid", "material": "silk", "colour": "blue"}
    item_id = store.add({**fields, "source": {"pattern": "user", "colour": "user", "style": "user"}}, cutout())
    analyse(store)
    item = store.get(item_id)
    assert (item["pattern"], item["material"], item["colour"]) == ("solid", "silk", "blue")
    assert item["style"] is None, "emptied by hand is an entry too"
    edit_many(store, {item_id: {"pattern": "dotted"}}, source="user")
    analyse(store)
    assert store.get(item_id)["pattern"] == "dotted"


def test_better_weights_replace_their_own_word(store, teller):
    item_id = store.add({"category_id": 8}, cutout())
    teller(pattern=("striped", 0.9))
    analyse(store)
    teller(pattern=("checked", 0.95))
    analyse(store)
    item = store.get(item_id)
    assert (item["pattern"], item["source"]["pattern"]["confidence"]) == ("checked", 0.95)


def test_an_entry_made_while_analysing_wins(store, teller, monkeypatch):
    item_id = store.add({"category_id": 8}, cutout())
    one = teller(pattern=("striped", 0.9))
    said = one.predict

    def predict(*args):
        edit_many(store, {item_id: {"pattern": "floral"}}, source="user")
        return said(*args)

    monkeypatch.setattr(one, "predict", predict)
    analyse(store)
    assert (store.get(item_id)["pattern"], store.get(item_id)["source"]["pattern"]) == ("floral", "user")


def test_analyse_passes_over_what_it_cannot_see(store, teller):
    teller(pattern=("striped", 0.9))
    with_picture, without, broken = (
        store.add({"category_id": 8}, cutout()),
        store.add({"category_id": 8}),
        store.add({"category_id": 8}, cutout((1, 2, 200))),
    )
    store.image_path(broken).write_bytes(b"no picture")
    result = analyse(store, progress=list)
    assert result.looked == 1
    assert len(result.unusable) == 1 and broken in result.unusable[0]
    assert store.get(with_picture)["pattern"] == "striped"
    assert store.get(without)["pattern"] is None


def test_the_command(store, teller, capsys):
    teller(pattern=("striped", 0.9), style=("smart", 0.2))
    assert main(["analyse", "--wardrobe", str(store.home)]) == 2
    assert "no items" in capsys.readouterr().err
    item_id = store.add({"category_id": 8}, cutout())
    assert main(["analyse", "--wardrobe", str(store.home), "nobody"]) == 2
    assert "no item nobody" in capsys.readouterr().err
    assert main(["analyse", "--wardrobe", str(store.home), item_id]) == 0
    assert "1 items looked at, 3 fields filled, 1 left for you to answer" in capsys.readouterr().out


def test_the_command_without_weights_says_so(store, tmp_path, monkeypatch, capsys):
    store.add({"category_id": 8}, cutout())
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "manifest.json").write_text('{"models": {}}')
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path / "none"))
    assert main(["analyse", "--wardrobe", str(store.home)]) == 2
    assert "no weights for 'attributes'" in capsys.readouterr().err
