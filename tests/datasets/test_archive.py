"""A data set without its photos in one file: made whole again it is the same, or nothing is made and it is told why."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tarfile
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from ewardrobe import __main__ as cli
from ewardrobe.commands.datasets import ARCHIVE, ORIGINS
from ewardrobe.core.checksum import sha256_of
from ewardrobe.core.images import png_bytes
from ewardrobe.datasets import archive as module
from ewardrobe.datasets.archive import COLUMNS, Collection, build, map_to_rows, pack, rows_to_map
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, item_mask
from ewardrobe.datasets.records import read_parsing

MAX_BYTES = 12_000_000


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def write_sources(root: Path) -> None:
    """Photos of ``train`` are said to come from one collection, the others from another."""
    with open(root / "sources.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for number, photo in enumerate(sorted(root.glob("*/image/*"))):
            split = photo.parent.parent.name
            collection = "shop" if split == "train" else "street"
            table.writerow([split, photo.name, collection, f"photos/{number:04d}.jpg", sha256_of(photo)])


def sources(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def finished(tmp_path_factory, rendered_dataset) -> Path:
    """A folder with the set ``whole`` and what it is packed into, made once: to pack as small as can be takes long."""
    folder = tmp_path_factory.mktemp("finished")
    root = folder / "whole"
    shutil.copytree(rendered_dataset, root)
    (root / "kinds_train.csv").write_text("image,kind\n000001.jpg,jeans\n")
    (root / "validation" / "worn.csv").write_text("image,worn\n000001.jpg,ü\n", encoding="utf-8")
    (root / "train" / "parsing" / "000003.png").unlink()  # a photo need not have one
    write_sources(root)
    pack(root, folder / "packed.tar.xz")
    return folder


@pytest.fixture
def whole(tmp_path, finished) -> Path:
    """A finished set whose photos come from two collections, with tables beside and inside the splits."""
    return shutil.copytree(finished / "whole", tmp_path / "whole")


@pytest.fixture
def collections(tmp_path, whole) -> dict[str, Collection]:
    """What clones of the two collections hold."""
    for row in sources((whole / "sources.csv").read_text()):
        target = tmp_path / "clones" / row["collection"] / row["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(whole / row["split"] / "image" / row["image"], target)
    folders = {name: tmp_path / "clones" / name for name in ("shop", "street")}
    return {name: Collection(f, f"https://example.org/{name}", "0123456789abcdef") for name, f in folders.items()}


@pytest.fixture
def packed(tmp_path, finished) -> Path:
    return Path(shutil.copy(finished / "packed.tar.xz", tmp_path))


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 1, 19, 255])))
def test_rows_give_the_label_map_back(labels):
    assert np.array_equal(rows_to_map(map_to_rows(labels)), labels)


@pytest.mark.parametrize("last", [0, 7])
def test_a_large_map_without_changes_comes_back(last):
    labels = np.zeros((700, 500), np.uint8)
    labels[-1, -1] = last
    data = map_to_rows(labels)
    assert np.array_equal(rows_to_map(data), labels)
    assert len(data) < 30


def test_the_set_comes_back_byte_for_byte(whole, collections, packed, tmp_path):
    counts = build(packed, collections, tmp_path / "made" / "set")
    assert counts == {"train": 4, "validation": 4}
    assert content(tmp_path / "made" / "set") == content(whole)
    assert os.listdir(tmp_path / "made") == ["set"]


def test_packing_what_was_built_gives_the_same_archive(collections, packed, tmp_path):
    build(packed, collections, tmp_path / "set")
    (tmp_path / "set" / ".DS_Store").write_text("left by a file manager")
    assert pack(tmp_path / "set", tmp_path / "again.tar.xz") == {"train": 4, "validation": 4}
    assert (tmp_path / "again.tar.xz").read_bytes() == packed.read_bytes()


def test_the_archive_has_no_photo(whole, packed):
    with tarfile.open(packed) as tar:
        names = tar.getnames()
        members = {name: tar.extractfile(name).read() for name in names}
    photos = {path.read_bytes() for path in whole.glob("*/image/*")}
    assert names[0] == "sources.csv"
    assert len(names) == 3 + 8 + 7
    assert not [name for name, data in members.items() if data in photos or "/image/" in name]


def test_photos_are_linked_where_the_disk_allows_it(collections, packed, tmp_path, monkeypatch):
    build(packed, collections, tmp_path / "linked")
    source = collections["shop"].folder / "photos" / "0000.jpg"
    assert os.path.samefile(source, tmp_path / "linked" / "train" / "image" / "000001.jpg")

    def refuse(*_):
        raise OSError("another disk")

    monkeypatch.setattr(module.os, "link", refuse)
    build(packed, collections, tmp_path / "copied")
    assert not os.path.samefile(source, tmp_path / "copied" / "train" / "image" / "000001.jpg")
    assert content(tmp_path / "copied") == content(tmp_path / "linked")


def test_a_palette_map_comes_back_as_the_same_labels(whole, collections, tmp_path):
    path = whole / "validation" / "parsing" / "000002.png"
    with Image.open(path) as image:
        labels = np.array(image)
        with_palette = image.copy()
    with_palette.putpalette(list(range(256)) * 3)
    with_palette.save(path)
    pack(whole, tmp_path / "p.tar.xz")
    build(tmp_path / "p.tar.xz", collections, tmp_path / "set")
    assert np.array_equal(read_parsing(tmp_path / "set" / "validation" / "parsing" / path.name, *labels.shape), labels)


def test_missing_and_other_photos_are_all_told_and_nothing_is_made(collections, packed, tmp_path):
    shop, street = (c.folder / "photos" for c in collections.values())
    shutil.rmtree(shop)
    (street / "0005.jpg").write_bytes(b"another file")
    with pytest.raises(DatasetError) as error:
        build(packed, collections, tmp_path / "made" / "set")
    first, second = str(error.value).split("\n")
    assert first.startswith(f"{shop.parent}: missing photos: 4 (photos/0000.jpg, photos/0001.jpg, photos/0002.jpg, …)")
    assert "clone https://example.org/shop, check out 0123456789ab" in first
    assert second.startswith(f"{street.parent}: photos that are not the annotated files: 1 (photos/0005.jpg)")
    assert not (tmp_path / "made").exists()


def test_a_set_that_was_made_before_is_checked(collections, packed, tmp_path):
    out = tmp_path / "set"
    build(packed, collections, out)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert build(packed, collections, out) == {"train": 4, "validation": 4}
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == times
    changed = out / "train" / "annos" / "000002.json"
    text = changed.read_text()
    changed.write_text(text + " ")
    with pytest.raises(DatasetError, match=r"train/annos/000002.json differs"):
        build(packed, collections, out)
    changed.unlink()
    with pytest.raises(DatasetError, match=r"train/annos/000002.json is not there"):
        build(packed, collections, out)


def test_a_folder_with_something_else_is_refused(collections, packed, tmp_path):
    out = tmp_path / "other"
    out.mkdir()
    (out / "diary.txt").write_text("mine")
    with pytest.raises(DatasetError, match="holds something else"):
        build(packed, collections, out)
    assert content(out) == {"diary.txt": b"mine"}
    with pytest.raises(DatasetError, match="is a file"):
        build(packed, collections, out / "diary.txt")


def test_an_empty_folder_is_filled(collections, packed, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    build(packed, collections, tmp_path / "link")
    assert (tmp_path / "empty" / "sources.csv").is_file()
    assert (tmp_path / "link").is_symlink()


def test_a_break_leaves_nothing_and_the_next_run_makes_it(whole, collections, packed, tmp_path, monkeypatch):
    written = []

    def full(image):
        written.append(image)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return png_bytes(image)

    monkeypatch.setattr(module, "png_bytes", full)
    with pytest.raises(DatasetError, match="No space left on device; make room"):
        build(packed, collections, tmp_path / "made" / "set")
    assert os.listdir(tmp_path / "made") == []
    build(packed, collections, tmp_path / "made" / "set")
    assert content(tmp_path / "made" / "set") == content(whole)


@pytest.mark.parametrize("damage", ["missing", "cut short", "another file"])
def test_a_damaged_archive_is_told(collections, packed, tmp_path, damage):
    if damage == "missing":
        packed.unlink()
    else:
        packed.write_bytes(packed.read_bytes()[:-500] if damage == "cut short" else b"version 1")
    with pytest.raises(DatasetError, match=r"missing or damaged .* get the file again"):
        build(packed, collections, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_photo_that_the_table_of_sources_does_not_tell_of_is_not_packed(whole, tmp_path):
    photo, out = whole / "train" / "image" / "000001.jpg", tmp_path / "packed.tar.xz"
    photo.write_bytes(photo.read_bytes() + b"\0")
    with pytest.raises(DatasetError, match=r"another checksum: 1 \(train/image/000001.jpg\)"):
        pack(whole, out)
    photo.unlink()
    with pytest.raises(DatasetError, match="missing photos: 1"):
        pack(whole, out)
    (whole / "sources.csv").write_text(",".join(COLUMNS))
    with pytest.raises(DatasetError, match="does not name: 7"):
        pack(whole, out)
    (whole / "sources.csv").write_text("image\n")
    with pytest.raises(DatasetError, match="expected the table sources.csv with the columns split,image"):
        pack(whole, out)
    assert not out.exists()


@pytest.mark.parametrize("name", ["collage.jpg", "train/notes/a.txt", "train/parsing/000009.png"])
def test_a_file_that_is_no_part_of_the_set_is_not_packed(whole, tmp_path, name):
    (whole / name).parent.mkdir(exist_ok=True)
    shutil.copyfile(whole / "train" / "image" / "000001.jpg", whole / name)
    with pytest.raises(DatasetError, match=f"{name} belongs to no annotated photo"):
        pack(whole, tmp_path / "packed.tar.xz")
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_a_faulty_label_map_is_not_packed(whole, tmp_path):
    (whole / "train" / "parsing" / "000002.png").write_bytes(png_bytes(np.full((3, 3), 77, np.uint8)))
    with pytest.raises(DatasetError, match=r"000002.png: expected a grey or palette"):
        pack(whole, tmp_path / "packed.tar.xz")


def test_the_command_packs_and_replaces_only_when_told(whole, packed, tmp_path, capsys):
    out = tmp_path / "new" / "by_command.tar.xz"
    assert cli.main(["datasets", "pack", str(whole), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"train: 4 photos\nvalidation: 4 photos\n{out}\n"
    assert out.read_bytes() == packed.read_bytes()
    assert cli.main(["datasets", "pack", str(whole), "--out", str(out)]) == 2
    assert "is there already; choose another name, or --force" in capsys.readouterr().err
    assert cli.main(["datasets", "pack", str(whole), "--out", str(out), "--force"]) == 0


# The archive that comes with the program


@pytest.fixture(scope="session")
def shipped() -> dict[str, bytes]:
    with tarfile.open(ARCHIVE) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_the_shipped_archive_is_small_and_whole(shipped):
    rows = sources(shipped["sources.csv"].decode())
    photos = {f"{row['split']}/{{}}/{row['image'][:-4]}" for row in rows}
    annotations = {name for name in shipped if "/annos/" in name}
    maps = {name for name in shipped if "/parsing/" in name}
    assert ARCHIVE.stat().st_size < MAX_BYTES
    assert {row["collection"] for row in rows} == set(ORIGINS)
    assert annotations == {photo.format("annos") + ".json" for photo in photos}
    assert maps == {photo.format("parsing") + ".rows" for photo in photos}
    assert {name.rpartition(".")[2] for name in shipped.keys() - annotations - maps} == {"csv", "json"}
    assert not [name for name, data in shipped.items() if data.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF"))]


def test_the_shipped_archive_comes_with_its_licences_and_with_the_package(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["ewardrobe"]
    packaged = {path for pattern in patterns for path in (repository / "ewardrobe").glob(pattern)}
    card, licence = ARCHIVE.with_name("wardrobe16.md"), ARCHIVE.with_name("wardrobe16.Apache-2.0.txt")
    assert {ARCHIVE, card, licence} <= packaged
    for url, commit in ORIGINS.values():
        assert url in card.read_text() and commit in card.read_text()
    assert "Apache License" in licence.read_text()


def test_without_the_clones_the_command_says_where_they_are(tmp_path, capsys):
    flags = [f"--{name}={tmp_path / name}" for name in ORIGINS]
    assert cli.main(["datasets", "wardrobe16", *flags, f"--out={tmp_path / 'set'}"]) == 2
    told = capsys.readouterr().err
    for name, (url, commit) in ORIGINS.items():
        assert f"{tmp_path / name}: missing photos: " in told and url in told and commit[:12] in told
    assert not (tmp_path / "set").exists()


@pytest.mark.slow
def test_wardrobe16_is_made_of_the_photos_alone(wardrobe13, shipped, tmp_path, capsys):
    """Photos under the names that they have in the two repositories; all else is what the annotators left."""
    parts = (wardrobe13.parent / "wardrobe16", wardrobe13)  # the newer lies over the older
    if not (parts[0] / "sources.csv").is_file():
        pytest.skip("no wardrobe16 beside wardrobe13 here")
    for row in sources((parts[0] / "sources.csv").read_text()):
        name = Path(row["split"], "image", row["image"])
        clone = tmp_path / row["collection"] / row["file"]
        clone.parent.mkdir(parents=True, exist_ok=True)
        clone.symlink_to(next(part / name for part in parts if (part / name).is_file()))
    flags = [f"--{name}={tmp_path / name}" for name in ORIGINS]
    assert cli.main(["datasets", "wardrobe16", *flags, f"--out={tmp_path / 'set'}"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("train: 3525 photos\nvalidation: 351 photos\ntest: 354 photos\nstreet: 522 photos\n")
    for path in parts[0].rglob("*"):
        made = tmp_path / "set" / path.relative_to(parts[0])
        if path.is_file() and path.parent.name != "parsing":
            assert made.read_bytes() == path.read_bytes(), path
    for split in ("train", "validation", "test", "street"):
        data = DeepFashion2(tmp_path / "set", split, on_error="raise", accessories=True)
        for record in (data[0], data[len(data) // 2], data[len(data) - 1]):
            name = Path(split, "parsing", record.parsing_path.name)
            original = next(part / name for part in parts if (part / name).is_file())
            labels = read_parsing(record.parsing_path, record.height, record.width)
            assert np.array_equal(labels, read_parsing(original, record.height, record.width))
            assert all(item_mask(item, record.height, record.width).any() for item in record.items)
