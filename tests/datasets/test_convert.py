"""Conversion of a whole data set: the same bytes whatever happens on the way, and a word about every fault."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from coco_files import as_coco
from fashion_files import annotation_item, random_rectangles, write_photo, write_split

from ewardrobe import __main__ as cli
from ewardrobe.core.taxonomy import CATEGORY_IDS
from ewardrobe.datasets import convert as module
from ewardrobe.datasets import pool
from ewardrobe.datasets.convert import Conversion, convert
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2

ROOT = Path(cli.__file__).parents[1]


@pytest.fixture(scope="session")
def many(tmp_path_factory) -> Path:
    """A tree of 700 photos of one pixel pattern: ``train`` 600, ``validation`` 100."""
    root = tmp_path_factory.mktemp("many")
    rng = np.random.default_rng(0)
    for split, count in (("train", 600), ("validation", 100)):
        first = write_photo(root / split, 1, random_rectangles(rng, 2))
        photo = root / split / "image" / "000001.png"
        for number in range(2, count + 1):
            os.link(photo, photo.with_name(f"{number:06d}.png"))
            items = random_rectangles(rng, 1 + number % 3)
            first.with_name(f"{number:06d}.json").write_text(json.dumps({"source": "shop", "pair_id": 0, **items}))
    return root


def content(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``, links followed."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def command(*words) -> list[str]:
    return [sys.executable, "-m", "ewardrobe", "convert", *map(str, words)]


def test_coco_files_hold_what_is_in_memory(many, tmp_path):
    report = convert(Conversion(many, tmp_path / "coco", "coco"))
    for split in ("train", "validation"):
        records = list(DeepFashion2(many, split).records())
        written = json.loads((tmp_path / "coco" / "annotations" / f"instances_{split}.json").read_text())
        assert written == as_coco(records)
        assert report["splits"][split] == {
            "annotations": len(records),
            "photos": len(records),
            "garments": len(written["annotations"]),
            "faults": {},
        }
    assert sorted(p.name for p in (tmp_path / "coco").iterdir()) == ["annotations", "conversion.json"]


@pytest.mark.parametrize("target", ["coco", "yolo"])
def test_workers_change_no_byte(many, tmp_path, target, monkeypatch):
    monkeypatch.setattr(module, "PART_SIZE", 32)
    for name, workers in (("one", 1), ("two", 2)):
        convert(Conversion(many, tmp_path / name, target, ("validation",)), workers=workers)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_a_small_set_is_converted_without_other_processes(rendered_dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "ProcessPoolExecutor", lambda *_, **__: pytest.fail("a process was started"))
    few = Conversion(rendered_dataset, tmp_path / "few", "coco", max_images=2, balance=True)
    assert convert(few, workers=8)["splits"]["train"]["photos"] == 2


def test_killed_and_called_again_gives_the_same_bytes(many, tmp_path):
    out, words = tmp_path / "killed", ("--from", "deepfashion2", many, "--to", "coco", tmp_path / "killed")
    process = subprocess.Popen(command(*words, "--workers", 2), stderr=subprocess.DEVNULL, cwd=ROOT)
    deadline = time.monotonic() + 60
    while not list((out / ".convert").glob("*/*.part")) and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(list((out / ".convert").glob("*/*.part")))
    assert 0 < done < 6, "the kill came neither too early nor too late"
    assert not list(out.glob("annotations/*.json")), "whole or not at all"
    report = convert(Conversion(many, out, "coco"))
    convert(Conversion(many, tmp_path / "whole", "coco"))
    assert content(out) == content(tmp_path / "whole")
    assert report["splits"]["train"]["photos"] == 600


def test_what_is_done_is_not_done_again(many, tmp_path, monkeypatch):
    convert_part, calls = module.convert_part, []

    def stop_at_the_third(part):
        calls.append(part.file.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return convert_part(part)

    monkeypatch.setattr(module, "convert_part", stop_at_the_third)
    for _ in range(2):
        try:
            convert(Conversion(many, tmp_path / "out", "yolo", ("train",)))
        except KeyboardInterrupt:
            assert not (tmp_path / "out" / "data.yaml").exists()
    names = [f"{n:06d}.part" for n in range(5)]
    assert calls == names[:3] + names[2:]
    assert (tmp_path / "out" / "data.yaml").exists()
    convert(Conversion(many, tmp_path / "out", "yolo", ("train",)))
    assert len(calls) == 6, "a finished conversion is only reported"
    convert(Conversion(many, tmp_path / "whole", "yolo", ("train",)))
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_an_annotation_mended_meanwhile_is_read_again(tmp_path, monkeypatch):
    write_split(tmp_path / "source", 3, "train")
    broken = tmp_path / "source" / "train" / "annos" / "000002.json"
    good = broken.read_text()
    broken.write_text("{")
    with monkeypatch.context() as patch:
        patch.setattr(module, "_finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            convert(Conversion(tmp_path / "source", tmp_path / "out", "coco"))
    later = time.time() + 5
    broken.write_text(good)
    os.utime(broken, (later, later))
    report = convert(Conversion(tmp_path / "source", tmp_path / "out", "coco"))
    assert report["splits"]["train"]["photos"] == 3 and not report["splits"]["train"]["faults"]


LIMITED = """
import resource, sys
from pathlib import Path
from ewardrobe.__main__ import main
out = Path(sys.argv[sys.argv.index("--to") + 2])
for limit in (20_000, 150_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    print(main(sys.argv[1:]), len(list(out.glob(".convert/*/*.part"))), len(list(out.glob("annotations/*"))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file sizes are limited by the POSIX call")
def test_a_write_that_fails_is_told_and_made_good(many, tmp_path):
    """No file may grow beyond a limit: first a part fails, then all parts succeed and their putting together fails."""
    words = ["convert", "--from", "deepfashion2", str(many), "--to", "coco", str(tmp_path / "out"), "--workers", "1"]
    script = [sys.executable, "-c", LIMITED, *words]
    result = subprocess.run(script, capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.stdout.split("\n")[:2] == ["2 0 0", "2 6 0"], result.stderr  # exit code, parts, files of annotations
    assert result.stderr.count("same command again") == 2 and "Traceback" not in result.stderr
    assert not list((tmp_path / "out").rglob("*.tmp"))
    assert cli.main(words) == 0
    convert(Conversion(many, tmp_path / "whole", "coco"))
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_half_the_photos_missing(tmp_path, capsys):
    source = write_split(tmp_path / "source", 20, "train")
    for number in range(1, 21, 2):
        (source / "train" / "image" / f"{number:06d}.png").unlink()
    words = ["convert", "--from", "deepfashion2", str(source), "--to", "yolo", str(tmp_path / "out"), "--workers", "1"]
    assert cli.main(words) == 1
    assert "10 of 20 photos" in capsys.readouterr().out
    assert sorted(p.stem for p in (tmp_path / "out" / "labels" / "train").iterdir()) == [
        f"{n:06d}" for n in range(2, 21, 2)
    ]
    problems = (tmp_path / "out" / "problems.txt").read_text().splitlines()
    assert len(problems) == 10 and all("missing" in line for line in problems)


def test_faulty_garments_are_left_out_and_counted(tmp_path):
    good = annotation_item(8, (10, 10, 30, 50))
    faulty = {
        "polygon of too few points": good | {"segmentation": [[1, 1, 9, 9]]},
        "unknown category": good | {"category_id": 14},
        "box without area": good | {"bounding_box": [5, 5, 5, 5]},
        "landmarks of another number": good | {"landmarks": [5, 5, 2] * 3},
    }
    for number, item in enumerate(faulty.values(), start=1):
        write_photo(tmp_path / "source" / "train", number, {"item1": good, "item2": item})
    for target in ("coco", "yolo"):
        report = convert(Conversion(tmp_path / "source", tmp_path / target, target))
        assert report["splits"]["train"]["faults"] == dict.fromkeys(sorted(faulty), 1)
        assert report["splits"]["train"]["garments"] == 5  # the landmarks alone are left out of the fourth
    data = json.loads((tmp_path / "coco" / "annotations" / "instances_train.json").read_text())
    assert [a["image_id"] for a in data["annotations"]] == [1, 2, 3, 4, 4]
    assert not any("keypoints" in a for a in data["annotations"])


def test_no_usable_photo_leaves_nothing_behind(tmp_path):
    source = write_split(tmp_path / "source", 3, "train")
    shutil.rmtree(source / "train" / "image")
    with pytest.raises(DatasetError, match=r"not one usable photo.*000001.*missing"):
        convert(Conversion(source, tmp_path / "out", "coco"))
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "voc"}, "coco, yolo"),
        ({"balance": True}, "--max-images"),
        ({"fraction": 1.5}, "at most 1"),
        ({"fraction": 0.5, "max_images": 3}, "not both"),
        ({"max_images": 0}, "at least 1"),
        ({"images": "none"}, "link or copy"),
        ({"segmentation": "boxes"}, "outline, polygon, rle"),
        ({"splits": ("test",)}, "test"),
        ({"source": Path("nowhere")}, "train/annos"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path, change, message):
    source = write_split(tmp_path / "source", 2, "train")
    fields = {"source": source, "out": tmp_path / "out", "format": "yolo"} | change
    with pytest.raises(DatasetError, match=message):
        convert(Conversion(**fields))
    assert not (tmp_path / "out").exists()


def test_a_folder_with_anything_else_in_it_is_refused(tmp_path):
    source = write_split(tmp_path / "source", 2, "train")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match="other files"):
        convert(Conversion(source, tmp_path / "full", "coco"))
    with pytest.raises(DatasetError, match="is a file"):
        convert(Conversion(source, tmp_path / "full" / "thesis.txt", "coco"))
    assert content(tmp_path / "full") == {"thesis.txt": b"mine"}


def test_a_folder_of_another_conversion_is_refused(tmp_path):
    source = write_split(tmp_path / "source", 4, "train")
    convert(Conversion(source, tmp_path / "out", "coco"))
    before = content(tmp_path / "out")
    for other in (
        Conversion(source, tmp_path / "out", "yolo"),
        Conversion(source, tmp_path / "out", "coco", max_images=2),
        Conversion(source, tmp_path / "out", "coco", segmentation="rle"),
    ):
        with pytest.raises(DatasetError, match="another conversion"):
            convert(other)
    (tmp_path / "out" / "conversion.json").write_text("{")
    with pytest.raises(DatasetError, match="damaged"):
        convert(Conversion(source, tmp_path / "out", "coco"))
    assert content(tmp_path / "out") == before | {"conversion.json": b"{"}


def test_two_photos_of_one_number_are_refused_for_coco(tmp_path):
    source = write_split(tmp_path / "source", 2, "train")
    for folder, suffix in (("annos", ".json"), ("image", ".png")):
        shutil.copy(source / "train" / folder / f"000002{suffix}", source / "train" / folder / f"2{suffix}")
    with pytest.raises(DatasetError, match="000002 and 2"):
        convert(Conversion(source, tmp_path / "out", "coco"))
    assert convert(Conversion(source, tmp_path / "yolo", "yolo"))["splits"]["train"]["photos"] == 3


@pytest.mark.parametrize(("first", "second"), [("12", "1_2"), ("7", "+7"), ("12", "１２")])
def test_names_that_are_one_number_are_refused_for_coco(tmp_path, first, second):
    source = write_split(tmp_path / "source", 1, "train")
    for folder, suffix in (("annos", ".json"), ("image", ".png")):
        there = source / "train" / folder / f"000001{suffix}"
        shutil.copy(there, there.with_name(f"{first}{suffix}"))
        there.rename(there.with_name(f"{second}{suffix}"))
    with pytest.raises(DatasetError, match="are the same number: rename one") as error:
        convert(Conversion(source, tmp_path / "out", "coco"))
    assert first in str(error.value)
    assert second in str(error.value)


@pytest.mark.parametrize("target", ["coco", "yolo"])
def test_photos_without_garments_are_kept_as_negatives(tmp_path, target):
    source = write_split(tmp_path / "source", 2, "train")
    write_photo(source / "train", 3, {})
    report = convert(Conversion(source, tmp_path / "out", target))
    assert (report["splits"]["train"]["photos"], report["splits"]["train"]["faults"]) == (3, {})
    if target == "yolo":
        assert (tmp_path / "out/labels/train/000003.txt").read_bytes() == b""
        assert (tmp_path / "out/images/train/000003.png").exists()
    else:
        data = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())
        assert [image["id"] for image in data["images"]] == [1, 2, 3]
        assert {entry["image_id"] for entry in data["annotations"]} == {1, 2}


@pytest.mark.parametrize("segmentation", ["outline", "polygon", "rle"])
def test_outlines_and_boxes_end_at_the_picture(tmp_path, segmentation):
    item = annotation_item(8, (-20, 10, 100, 90))
    write_photo(tmp_path / "source/train", 1, {"item1": item}, np.zeros((60, 80, 3), np.uint8))
    convert(Conversion(tmp_path / "source", tmp_path / "out", "coco", segmentation=segmentation))
    (entry,) = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())["annotations"]
    assert (entry["bbox"], entry["area"]) == ([0, 10, 80, 50], 80 * 50)
    if segmentation != "rle":
        points = np.array(entry["segmentation"]).reshape(-1, 2)
        assert (points >= 0).all()
        assert (points <= (80, 60)).all()


def test_a_balanced_part_has_every_category(many, tmp_path):
    chosen = {}
    for name, balance in (("balanced", True), ("random", False)):
        conversion = Conversion(many, tmp_path / name, "coco", ("train",), fraction=0.1, balance=balance, seed=3)
        assert convert(conversion)["splits"]["train"]["photos"] == 60
        data = json.loads((tmp_path / name / "annotations" / "instances_train.json").read_text())
        chosen[name] = np.bincount([a["category_id"] for a in data["annotations"]], minlength=14)[1:]
    assert len(chosen["balanced"]) == len(CATEGORY_IDS) and chosen["balanced"].min() > 0
    assert chosen["balanced"].std() < chosen["random"].std()


PEAK = """
import sys, tracemalloc
from pathlib import Path
from ewardrobe.datasets.convert import Conversion, convert
data, out = map(Path, sys.argv[1:])
for name, splits in (("first", ("validation",)), ("small", ("validation",)), ("large", ("train",))):
    tracemalloc.start()
    convert(Conversion(data, out / name, "coco", splits))
    print(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
"""


def test_memory_does_not_grow_with_the_data(many, tmp_path):
    """In a process of its own: the peak is that of all threads, and other tests may have left some running."""
    told = subprocess.run([sys.executable, "-c", PEAK, many, tmp_path], check=True, cwd=ROOT, stdout=subprocess.PIPE)
    _, small, large = map(int, told.stdout.split())
    assert large < 1.6 * small, "600 photos, in parts of 128, against 100"
