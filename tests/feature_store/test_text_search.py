"""Search by words with a tiny model of random weights; its order means nothing, but the way to it is the real one."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from ewardrobe.__main__ import main
from ewardrobe.feature_store import text_search
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.feature_store.text_search import Embedder, TextSearchError, embed_items, load_embedder, search, zero_shot

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "patch_size": 16, "head_width": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    """Return the name of a model of random weights in a folder."""
    open_clip = pytest.importorskip("open_clip", reason="the extra ewardrobe[text] is not installed")
    import torch

    folder = tmp_path_factory.mktemp("clip")
    torch.manual_seed(0)
    model = open_clip.CLIP(
        TINY["embed_dim"], open_clip.CLIPVisionCfg(**TINY["vision_cfg"]), open_clip.CLIPTextCfg(**TINY["text_cfg"])
    )
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    config = {"model_cfg": TINY, "preprocess_cfg": {"size": 32}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return f"local-dir:{folder}"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EWARDROBE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    store = FeatureStore(tmp_path / "wardrobe")
    for colour, category_id in (((200, 20, 20), 9), ((20, 20, 200), 1), ((20, 180, 30), 8)):
        cutout = np.zeros((40, 30, 4), np.uint8)
        cutout[4:-4, 4:-4] = (*colour, 255)
        store.add({"category_id": category_id}, cutout)
    return store


def by_colour(name: str = "colours") -> Embedder:
    """A stand-in whose space is colour: a picture is its mean, a word the colour that it names."""
    named = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}

    class Model:
        def encode_image(self, x):
            return x.mean(dim=(2, 3))

        def encode_text(self, rows):
            return rows

    import torch

    def preprocess(picture):
        return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1).float() / 255

    def tokenizer(texts):
        return torch.tensor([next((v for k, v in named.items() if k in t), (1, 1, 1)) for t in texts]).float()

    return Embedder(name, Model(), preprocess, tokenizer, 10.0)


def test_the_nearest_item_comes_first(store):
    ids = [item["id"] for item in store.items()]
    assert [search(store, by_colour(), word, 1)[0][0] for word in ("red", "blue", "green")] == ids
    assert len(search(store, by_colour(), "red", 2)) == 2


def test_vectors_are_kept_and_broken_ones_made_again(store, cache, monkeypatch):
    ids, vectors = embed_items(store, by_colour())
    asked = []
    monkeypatch.setattr(Embedder, "pictures", lambda self, pictures: asked.append(len(pictures)))
    again, kept = embed_items(store, by_colour())
    assert (ids, asked) == (again, [])
    np.testing.assert_array_equal(vectors, kept)
    monkeypatch.undo()
    monkeypatch.setenv("EWARDROBE_CACHE", str(cache))
    (file,) = (cache / "embeddings").iterdir()
    file.write_bytes(b"broken")
    np.testing.assert_allclose(embed_items(store, by_colour())[1], vectors)


def test_a_missing_picture_is_passed_over(store):
    gone = store.items()[0]
    store.image_path(gone["id"]).unlink()
    ids, _ = embed_items(store, by_colour("other"))
    assert gone["id"] not in ids and len(ids) == 2


def test_chances_sum_to_one(store):
    _, vectors = embed_items(store, by_colour())
    chances = zero_shot(by_colour(), vectors, ["red", "blue"], "a {} garment")
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-5)
    assert chances[0].argmax() == 0 and chances[1].argmax() == 1


def test_a_real_model_is_loaded_from_a_folder(tiny, store):
    embedder = load_embedder(tiny)
    pictures = embedder.pictures([np.full((50, 20, 3), 90, np.uint8), np.full((8, 8, 3), 10, np.uint8)])
    words = embedder.texts(["a red dress", "trousers"])
    assert pictures.shape == words.shape == (2, 16)
    np.testing.assert_allclose(np.linalg.norm(pictures, axis=1), 1, rtol=1e-5)
    assert not np.allclose(words[0], words[1])
    assert len(search(store, embedder, "a red dress")) == 3


def test_the_command_searches_and_tags(tiny, store, capsys):
    options = ["--wardrobe", str(store.home), "--clip-model", tiny]
    assert main(["search", "a red dress", *options, "--top", "2"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["search", "--labels", "work, party", "--write", "--least", "0", *options]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert all(item["tags"] in (["work"], ["party"]) for item in store.items())


def test_a_folder_without_a_model_is_named(tiny, tmp_path):
    with pytest.raises(TextSearchError, match="open_clip_config.json"):
        load_embedder(f"local-dir:{tmp_path}")


def test_a_failed_download_is_told_with_its_cure(tiny, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import open_clip

    def fail(*args, **kwargs):
        raise OSError("Max retries exceeded with url")

    monkeypatch.setattr(open_clip, "create_model_from_pretrained", fail)
    with pytest.raises(TextSearchError, match=r"Max retries.*internet connection.*local-dir:FOLDER"):
        load_embedder("hf-hub:nobody/nothing")


def test_without_the_extra_the_command_says_how_to_get_it(store, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    assert main(["search", "red", "--wardrobe", str(store.home)]) == 2
    assert text_search.INSTALL in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["red", "--labels", "a,b"]])
def test_a_search_needs_words_or_labels(words, store, capsys):
    assert main(["search", *words, "--wardrobe", str(store.home)]) == 2
    assert "give words" in capsys.readouterr().err


def test_an_empty_wardrobe_is_told(tmp_path, capsys):
    assert main(["search", "red", "--wardrobe", str(tmp_path / "none")]) == 2
    assert "no item with a picture" in capsys.readouterr().err
