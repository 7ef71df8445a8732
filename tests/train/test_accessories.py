"""Footwear, bags and headwear from the file to the network and back; what a photo leaves unlabelled is not punished."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch
from fashion_files import ColourSegmenter, ParsingSegmenter, annotation_item, write_photo
from PIL import Image
from training import SCRIPTS, SMALL

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import (
    CATEGORY_IDS,
    INSTANCE_IDS,
    INSTANCE_NAMES,
    LABELS,
    LAYER_ORDER,
    category,
    classes_of,
    labels_of,
)
from ewardrobe.datasets import attributes
from ewardrobe.datasets.augment import collect_textures
from ewardrobe.datasets.coco import image_entry
from ewardrobe.datasets.convert import Conversion, convert
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2
from ewardrobe.datasets.index import read_index
from ewardrobe.datasets.records import read_parsing
from ewardrobe.datasets.samples import LazySamples, Sample, load_samples
from ewardrobe.datasets.yolo import label_text
from ewardrobe.evaluation.evaluator import Options, evaluate
from ewardrobe.evaluation.report import format_report
from ewardrobe.models import mask_rcnn, unet, yolo
from ewardrobe.models.networks import mask_rcnn as mask_rcnn_network
from ewardrobe.models.networks import unet as unet_network
from ewardrobe.models.networks import yolo as yolo_network
from ewardrobe.models.unet import decode
from ewardrobe.models.weights import weights_dir
from train.loop import trainer
from train.loop.data import quick_scores
from train.yolo import YoloConfig, YoloTask, anchor_weights

SHOE, TOP = annotation_item(16, (30, 10, 50, 30), viewpoint=2), annotation_item(1, (2, 2, 20, 40), viewpoint=2)
LOADERS = {"mask_rcnn": mask_rcnn.load, "unet": unet.load, "yolo": yolo.load}


def write_map(folder, number: int, labels: np.ndarray, palette: bool = False):
    (folder / "parsing").mkdir(parents=True, exist_ok=True)
    path = folder / "parsing" / f"{number:06d}.png"
    image = Image.fromarray(labels.astype(np.uint8), "P" if palette else "L")
    if palette:
        image.putpalette([255 - v // 3 for v in range(768)])
    image.save(path)
    return path


# -- the table -------------------------------------------------------------------------------------------------------


def test_every_numbering_follows_from_the_table():
    assert [label.id for label in LABELS] == list(range(1, 20))
    assert INSTANCE_IDS == (*CATEGORY_IDS, 16, 17, 19) and CATEGORY_IDS == tuple(range(1, 14))
    assert INSTANCE_NAMES[13:] == ("footwear", "bag", "headwear")
    assert [category(i).word for i in (9, 16, 17, 19)] == ["skirt", "shoes", "bag", "hat"]
    assert labels_of(classes_of(np.array(INSTANCE_IDS))).tolist() == list(INSTANCE_IDS)
    assert classes_of(np.array([14, 15, 18])).tolist() == [-1, -1, -1]
    assert [slot for slot in LAYER_ORDER if slot not in ("bag", "hat", "shoes")] == ["outer", "top", "bottom", "dress"]
    assert len({label.colour for label in LABELS}) == len(LABELS)


# -- readers ---------------------------------------------------------------------------------------------------------


def read(folder, items: dict, **extra):
    write_photo(folder / "train", 1, items, **extra)
    return DeepFashion2(folder, "train", "raise", accessories=True)[0]


def test_a_file_says_what_is_unlabelled(tmp_path):
    write_map(tmp_path / "train", 1, np.zeros((60, 80)))
    record = read(tmp_path, {"item1": TOP, "item2": SHOE}, unlabelled=[17], complete=False)
    assert [item.category_id for item in record.items] == [1, 16]
    assert record.unlabelled == record.unlabelled_in_map == {17} and not record.complete
    assert read(tmp_path, {"item1": TOP, "item2": SHOE}).unlabelled == frozenset()


def test_a_file_from_before_there_were_accessories_knows_of_none(tmp_path):
    assert read(tmp_path, {"item1": TOP}).unlabelled == {16, 17, 19}
    assert read(tmp_path, {"item1": TOP}).unlabelled_in_map == {14, 15, 16, 17, 18, 19}, "there is no map"
    write_map(tmp_path / "train", 1, np.zeros((60, 80)))
    assert read(tmp_path, {"item1": TOP}).unlabelled_in_map == {19}, "its map has footwear and bags"
    assert read(tmp_path, {"item1": TOP | {"viewpoint": 1}}).unlabelled_in_map == {14, 15, 16, 17, 18, 19}


def test_nobody_wears_the_shoe_so_only_the_person_is_unknown(tmp_path):
    record = read(tmp_path, {"item1": SHOE | {"viewpoint": 1}}, unlabelled=[14, 15, 18])
    assert record.unlabelled_in_map == {14, 15, 18}


@pytest.mark.parametrize("value", ["17", [0], [20], [True], {"17": 1}, None])
def test_unlabelled_that_is_no_list_of_labels_is_refused(tmp_path, value):
    with pytest.raises(DatasetError, match=r"unlabelled is .* expected a list of labels 1..19"):
        read(tmp_path, {"item1": TOP}, unlabelled=value)


def test_only_who_asks_is_given_accessories(tmp_path):
    write_photo(tmp_path / "train", 1, {"item1": TOP, "item2": SHOE})
    write_photo(tmp_path / "train", 2, {"item1": SHOE})
    plain, whole = (DeepFashion2(tmp_path, "train", accessories=a) for a in (False, True))
    assert [[i.category_id for i in r.items] for r in plain.records()] == [[1]]
    assert [[i.category_id for i in r.items] for r in whole.records()] == [[1, 16], [16]]
    assert not plain.report and not whole.report, "a photo of a shoe is no fault"
    assert read_index(plain).positions.tolist() == [0] and read_index(whole).positions.tolist() == [0, 1]
    assert np.flatnonzero(read_index(whole).present[1]).tolist() == [13]
    assert [s.category_ids.tolist() for s in LazySamples(whole)] == [[1, 16], [16]]


def test_a_photo_that_lacks_garments_punishes_none(tmp_path):
    write_photo(tmp_path / "train", 1, {"item1": TOP}, unlabelled=[17], complete=False)
    (sample,) = load_samples(DeepFashion2(tmp_path, "train", accessories=True))
    assert sample.unlabelled == set(INSTANCE_IDS) and sample.unlabelled_in_map == {17, 14, 15, 18}


def test_converters_know_accessories(tmp_path):
    items = {"item1": TOP, "item2": SHOE, "item3": annotation_item(19, (60, 2, 70, 9))}
    write_photo(tmp_path / "data" / "train", 1, items, np.zeros((60, 80, 3), np.uint8), unlabelled=[17])
    (record,) = DeepFashion2(tmp_path / "data", "train", accessories=True).records()
    assert [line.split()[0] for line in label_text(record).splitlines()] == ["0", "13", "15"]
    assert image_entry(record)["not_exhaustive_category_ids"] == [17]
    report = convert(Conversion(tmp_path / "data", tmp_path / "coco", "coco", splits=("train",)))
    assert report["splits"]["train"]["faults"] == {}
    data = json.loads((tmp_path / "coco/annotations/instances_train.json").read_text())
    assert [a["category_id"] for a in data["annotations"]] == [1, 16, 19]
    convert(Conversion(tmp_path / "data", tmp_path / "yolo", "yolo", splits=("train",)))
    assert "  15: headwear" in (tmp_path / "yolo/data.yaml").read_text()


def test_judged_colours_of_accessories_are_passed_over(tmp_path):
    header = "image,item,category_id,colour,pattern,material,style"
    (tmp_path / "attributes_train.csv").write_text(
        f"{header}\na.jpg,item1,16,red,,,\na.jpg,item2,8,blue,plain,denim,casual\n"
    )
    assert [one.category_id for one in attributes.read_judged(tmp_path, "train")] == [8]


# -- label maps ------------------------------------------------------------------------------------------------------


def test_a_palette_map_holds_its_indices(tmp_path):
    labels = np.random.default_rng(0).choice([0, 1, 14, 15, 19, 255], (60, 80))
    for palette in (False, True):
        np.testing.assert_array_equal(read_parsing(write_map(tmp_path, 1, labels, palette), 60, 80), labels)
    write_photo(tmp_path / "train", 1, {"item1": TOP})
    write_map(tmp_path / "train", 1, labels, palette=True)
    (sample,) = load_samples(DeepFashion2(tmp_path, "train"))
    np.testing.assert_array_equal(sample.parsing, labels)


def test_a_map_of_colours_of_another_size_or_with_other_values_is_refused(tmp_path):
    path = write_map(tmp_path, 1, np.full((60, 80), 20))
    with pytest.raises(DatasetError, match="the value 20"):
        read_parsing(path, 60, 80)
    with pytest.raises(DatasetError, match=r"expected .* 90×60 label map .* got mode L, 80×60"):
        read_parsing(path, 60, 90)
    Image.new("RGB", (80, 60)).save(path)
    with pytest.raises(DatasetError, match="mode RGB"):
        read_parsing(path, 60, 80)
    path.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="not readable as a label map"):
        read_parsing(path, 60, 80)
    write_photo(tmp_path / "train", 1, {"item1": TOP})
    (tmp_path / "train/parsing").mkdir()
    (tmp_path / "train/parsing/000001.png").write_bytes(b"no picture")
    data = DeepFashion2(tmp_path, "train")
    assert load_samples(data) == [] and data.report == {"unreadable label map": 1}


def test_a_garment_too_small_to_be_seen_leaves_a_photo_without_garments(tmp_path):
    image = np.full((1000, 1600, 3), 200, np.uint8)
    write_photo(tmp_path / "train", 1, {"item1": annotation_item(1, (10, 10, 12, 12))}, image)
    data = DeepFashion2(tmp_path, "train")
    (sample,) = load_samples(data, 320)
    assert sample.masks.shape == (0, 200, 320) and sample.category_ids.shape == (0,)
    assert data.report == {"photo whose garments vanish at this size": 1}
    assert collect_textures([sample]) == []
    for config_class, task_class in SCRIPTS.values():
        assert task_class(config_class()).encode(sample)[0].shape == (200, 320, 3)


# -- what is unlabelled is not punished --------------------------------------------------------------------------------


def rectangles(unlabelled=frozenset(), unknown: bool = False) -> Sample:
    """A top and a shoe on a person, 64×64."""
    masks = np.zeros((2, 64, 64), np.uint8)
    masks[0, 8:40, 8:40], masks[1, 48:60, 10:30] = 1, 1
    parsing = np.where(masks[0], 1, np.where(masks[1], 16, 0)).astype(np.uint8)
    parsing[:, 48:] = 255 if unknown else 0
    image = np.full((64, 64, 3), 90, np.uint8)
    return Sample(image, masks, np.array([1, 16]), parsing, frozenset(unlabelled), frozenset(unlabelled))


def class_gradients(monkeypatch, sample: Sample) -> torch.Tensor:
    """Return the gradient of YOLO's category loss by its scores, (1, 16, anchors)."""
    torch.manual_seed(0)
    task = YoloTask(YoloConfig(architecture="yolov8n-seg.yaml"))
    model = task.build().train()
    seen = []

    def keep(module, inputs, output):
        output["scores"].retain_grad()
        seen.append(output["scores"])

    model.model[-1].register_forward_hook(keep)
    loss, _ = task.loss(model, task.collate([task.encode(sample)]))
    loss.backward()
    return seen[0].grad


def test_a_yolo_is_not_told_that_there_is_no_bag(monkeypatch):
    told = class_gradients(monkeypatch, rectangles())
    assert (told[0, 14] > 0).all(), "it is told that nothing here is a bag"
    untold = class_gradients(monkeypatch, rectangles({17}))
    assert (untold[0, 14] == 0).all() and (untold[0, 15] != 0).all()
    unknown = class_gradients(monkeypatch, rectangles(unknown=True))
    assert (unknown[0, 15, :64].reshape(8, 8)[:, 6:] == 0).all() and (
        unknown[0, 15, :64].reshape(8, 8)[:, :6] != 0
    ).all()


def test_anchors_follow_the_strides():
    known = torch.ones(1, 8, 8, dtype=torch.uint8)
    known[:, :, 6:] = 0
    weights = anchor_weights(torch.ones(1, 16, dtype=torch.bool), known)[0, :, 0]
    assert len(weights) == 64 + 16 + 4
    assert weights[64:80].reshape(4, 4).tolist() == [[1, 1, 1, 0]] * 4


def test_a_mask_rcnn_may_see_a_bag_where_none_is_labelled(monkeypatch):
    config_class, task_class = SCRIPTS["mask_rcnn"]
    task = task_class(config_class(image_size=64))
    torch.manual_seed(0)
    model = task.build().train()
    with torch.no_grad():
        model.roi_heads.box_predictor.cls_score.bias[15] = 12.0  # it takes everything for a bag
    losses = {}
    for name, labels in (("told", ()), ("untold", (17,))):
        torch.manual_seed(1)
        losses[name] = task.loss(model, task.collate([task.encode(rectangles(labels))]))[1]["classifier"].item()
    assert losses["told"] > losses["untold"] + 1


# -- networks --------------------------------------------------------------------------------------------------------


def of_thirteen_classes(name: str) -> dict[str, torch.Tensor]:
    """The tensors of a network from before footwear, bags and headwear had a name."""
    torch.manual_seed(1)
    if name == "unet":
        return unet_network.UNet(labels=18, classes=13).state_dict()
    old = yolo_network.build("yolo11n-seg.yaml", 13) if name == "yolo" else mask_rcnn_network.build(classes=14)
    return old.state_dict()


@pytest.mark.parametrize(("name", "longer"), [("yolo", 6), ("unet", 4), ("mask_rcnn", 6)])
def test_weights_of_thirteen_classes_are_lengthened(name, longer):
    config_class, task_class = SCRIPTS[name]
    task = task_class(config_class(**({"architecture": "yolo11n-seg.yaml"} if name == "yolo" else {})))
    model, old = task.build(), of_thirteen_classes(name)
    untrained = {k: v.clone() for k, v in model.state_dict().items()}
    task.initialise(model, {"kind": name, "model": old})
    grown = 0
    for key, given in old.items():
        own = model.state_dict()[key]
        torch.testing.assert_close(own[: len(given)] if given.ndim else own, given.to(own), rtol=1e-6, atol=1e-6)
        if given.ndim and len(own) > len(given):
            grown += 1
            torch.testing.assert_close(own[len(given) :], untrained[key][len(given) :])
    assert grown == longer


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_network_of_sixteen_classes_trains_from_the_old_one_and_loads(tmp_path, monkeypatch, name):
    monkeypatch.setenv("EWARDROBE_RUNTIME", "torch")
    monkeypatch.chdir(tmp_path)
    for number, split in ((1, "train"), (2, "train"), (1, "validation")):
        write_photo(tmp_path / "data" / split, number, {"item1": TOP, "item2": SHOE})
    flags = {"yolo": {"architecture": "yolo11n-seg.yaml"}}.get(name, {"encoder": "yolov8s"})
    flags |= {"init": str(weights_dir() / f"{name}.pt"), "data": str(tmp_path / "data"), "steps": 1, "name": "run"}
    config_class, task_class = SCRIPTS[name]
    config = config_class(**{**SMALL, **flags})
    trainer.run(task_class(config))
    segmenter = LOADERS[name](tmp_path / "runs/run/best.pt")
    image = np.full((64, 64, 3), 200, np.uint8)
    assert set(segmenter.predict(image, 0.001).category_ids.tolist()) <= set(INSTANCE_IDS)


def test_a_unet_finds_a_pair_of_shoes_as_one():
    p = np.full((19, 40, 30), 0.002, np.float32)
    p[7, 4:32, 6:24] = 0.9  # trousers
    p[15, 32:38, 6:12] = p[15, 32:38, 18:24] = 0.9
    found = decode(p, (40, 30), 0.5)
    assert sorted(found.category_ids.tolist()) == [8, 16]
    shoes = found.masks[found.category_ids.tolist().index(16)]
    assert shoes[35, 8] and shoes[35, 20] and not shoes[35, 15]
    assert decode(p[:18], (40, 30), 0.5).category_ids.tolist() == [8], "as weights of 18 channels did"


# -- figures ---------------------------------------------------------------------------------------------------------


class ShoeBlind(ColourSegmenter):
    """Finds the garments, and a bag that no photo has."""

    def predict(self, image, min_score=0.5):
        found = super().predict(image, min_score)
        bag = np.zeros((1, *image.shape[:2]), bool)
        bag[0, :5, 60:] = True
        return Detections.from_masks(
            np.concatenate([found.masks, bag]), [*found.category_ids, 17], [*found.scores, 0.95]
        ).sorted_by_score()


class Answering(ParsingSegmenter):
    """Parses every photo as ``labels`` (H, W) say."""

    def __init__(self, labels: np.ndarray) -> None:
        super().__init__()
        self.labels = labels

    def parse(self, image):
        return np.stack([self.labels == 1 + channel for channel in range(19)]).astype(np.float32)


def test_quick_scores_judge_garments_and_accessories_apart(tmp_path):
    write_photo(tmp_path / "validation", 1, {"item1": TOP, "item2": SHOE}, unlabelled=[17])
    write_photo(tmp_path / "validation", 2, {"item1": SHOE | {"viewpoint": 1}}, unlabelled=[14, 15, 17, 18])
    samples = load_samples(DeepFashion2(tmp_path, "validation", accessories=True))
    scores = quick_scores(ShoeBlind(), samples)
    assert scores["mask_ap"] == 1 and scores["mask_ap50_accessories"] == 0
    assert scores["garment_iou_not_worn"] == 1 and scores["garment_iou_worn"] == 0, (
        "a photo without garments counts not"
    )


def test_evaluation_judges_the_garments_alone(tmp_path):
    write_photo(tmp_path / "test", 1, {"item1": TOP, "item2": SHOE})
    write_photo(tmp_path / "test", 2, {"item1": SHOE})
    metrics = evaluate(ColourSegmenter(), DeepFashion2(tmp_path, "test"), Options(resamples=0))
    assert metrics["overall"]["images"] == metrics["overall"]["instances"] == 1
    assert metrics["overall"]["mask_ap"] == 1 and not metrics["meta"]["annotation_problems"]


class ShoeSegmenter(ColourSegmenter):
    """Finds the garments; footwear by its grey, in whole or the half of it; a hat and a bag that no photo has."""

    def predict(self, image, min_score=0.5):
        found = super().predict(image, min_score)
        shoe = image[..., 0] == 15 * 16
        half = shoe & (np.arange(image.shape[1]) < 40)
        more = [(shoe, 16, 0.7), (half, 16, 0.9)] if shoe.any() else []
        invented = np.zeros(image.shape[:2], bool)
        invented[:5, 60:] = True
        more += [(invented, 17, 0.95), (np.roll(invented, 8, axis=0), 19, 0.95)]
        masks = np.concatenate([found.masks, [mask for mask, *_ in more]])
        labels, scores = [*found.category_ids, *(m[1] for m in more)], [*found.scores, *(m[2] for m in more)]
        return Detections.from_masks(masks, labels, scores).sorted_by_score().above(min_score)


def test_finds_of_accessories_change_nothing_about_the_garments_and_have_rows_of_their_own(tmp_path):
    write_photo(tmp_path / "test", 1, {"item1": TOP, "item2": SHOE}, unlabelled=[17])
    write_photo(tmp_path / "test", 2, {"item1": SHOE | {"viewpoint": 1}}, unlabelled=[17, 19])
    write_photo(tmp_path / "test", 3, {"item1": TOP}, unlabelled=[16, 17, 19])
    write_map(tmp_path / "test", 1, np.zeros((60, 80)))
    options = Options(resamples=0, timed=3, refine=True)
    plain = evaluate(ColourSegmenter(), DeepFashion2(tmp_path, "test"), options)
    every = evaluate(ShoeSegmenter(), DeepFashion2(tmp_path, "test", accessories=True), options)
    for section in ("overall", "cuts", "per_category", "confusion", "pr_curves", "calibration"):
        assert every[section] == plain[section]
    assert "accessories" not in plain
    assert (every["meta"]["images"], every["meta"]["looked_at"]) == (2, 3)
    assert every["meta"]["threshold_disagreements"] == 0
    (shoes,) = every["accessories"]
    assert (shoes["category_id"], shoes["name"], shoes["images"], shoes["instances"]) == (16, "footwear", 2, 2)
    assert (shoes["detections"], shoes["precision"], shoes["recall"]) == (2, 1, 1), "half a pair is no find of its own"
    assert shoes["mask_ap"] == shoes["mask_ap50"] == 1
    assert "footwear" in format_report(every) and "footwear" not in format_report(plain)
    hat = annotation_item(19, (60, 8, 80, 13), viewpoint=2)
    write_photo(tmp_path / "test", 4, {"item1": TOP, "item2": hat}, np.full((60, 80, 3), 250, np.uint8))
    rows = evaluate(ShoeSegmenter(), DeepFashion2(tmp_path, "test", accessories=True), options)["accessories"]
    named = {row["name"]: (row["images"], row["instances"], row["detections"], row["precision"]) for row in rows}
    assert named == {"footwear": (3, 2, 2, 1), "headwear": (2, 1, 2, 0.5)}, "hats count where photos are labelled so"


def test_unknown_pixels_and_unlabelled_finds_are_not_judged(tmp_path):
    write_photo(tmp_path / "test", 1, {"item1": TOP}, unlabelled=[17])
    truth = np.zeros((60, 80), np.uint8)
    truth[2:40, 2:20], truth[50:] = 1, 255
    write_map(tmp_path / "test", 1, truth)
    answer = truth.copy()
    answer[50:], answer[:, 70:] = 8, 17

    parsing = evaluate(Answering(answer), DeepFashion2(tmp_path, "test"), Options(resamples=0))["parsing"]
    assert parsing["iou"]["background"] == parsing["iou"]["short sleeve top"] == 1
    assert parsing["miou"] == 1


def test_a_map_with_a_palette_is_judged_as_it_is_trained_on(tmp_path):
    write_photo(tmp_path / "test", 1, {"item1": TOP})
    truth = np.zeros((60, 80), np.uint8)
    truth[2:40, 2:20] = 1
    write_map(tmp_path / "test", 1, truth, palette=True)
    assert cv2.imread(str(tmp_path / "test/parsing/000001.png"), cv2.IMREAD_GRAYSCALE).max() > 100, "its luminance"

    assert evaluate(Answering(truth), DeepFashion2(tmp_path, "test"), Options(resamples=0))["parsing"]["miou"] == 1
