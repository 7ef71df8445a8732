"""A moving person, for measuring the live view: the truth of every frame is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ewardrobe.datasets.synthetic import backgrounds
from ewardrobe.datasets.synthetic.body import Figure, Pose, random_build, random_pose
from ewardrobe.datasets.synthetic.paint import Canvas
from ewardrobe.datasets.synthetic.person import PersonSpec, draw_person, person_view, random_outfit
from ewardrobe.datasets.synthetic.scene import GarmentSpec, check_size, finish_photo


def render_clip(
    seed: int,
    frames: int,
    size: tuple[int, int] = (480, 640),
    fps: float = 15.0,
    *,
    category_ids: Sequence[int] | None = None,
) -> Iterator[tuple[np.ndarray, list[dict], np.ndarray]]:
    """Yield ``frames`` webcam frames of one person who sways while an arm passes in front of the trunk every 4 s.

    Each is (RGB uint8 (H, W, 3), items as in ``SyntheticPhoto``, parsing (H, W) uint8).
    """
    check_size(size)
    rng = np.random.default_rng((seed, 3))
    wears = [GarmentSpec(int(c)) for c in (category_ids or random_outfit(rng))]
    build, start, view = random_build(rng), random_pose(rng, ("relaxed", "relaxed")), person_view(size, "half", rng)
    view = replace(view, angle=0.0)
    background = backgrounds.room(size, size[0] * 1.2, rng)
    for i in range(frames):
        steady = np.random.default_rng((seed, 4))
        time = i / fps
        canvas = Canvas(background, steady)
        fig = Figure(build, _moved(start, time))
        moved = replace(view, centre=(view.centre[0] + 0.05 * view.scale * np.sin(1.1 * time), view.centre[1]))
        worn = draw_person(canvas, wears, PersonSpec(), fig, moved, steady)
        canvas.rng = np.random.default_rng((seed, 5, i))
        photo = finish_photo(canvas, worn, viewpoint=2, zoom=2, rng=np.random.default_rng((seed, 6)), calm=True)
        yield photo.image, photo.items, photo.parsing


def _moved(pose: Pose, time: float) -> Pose:
    """The pose at ``time`` seconds: breathing sway, and the right arm raised to the chest and back every 4 s."""
    lift = 0.5 - 0.5 * np.cos(2 * np.pi * time / 4)
    upper, fore = pose.arms[1]
    arm = (upper + 8 * lift, fore - 112 * lift)
    sway = 0.02 * np.sin(1.7 * time)
    return replace(pose, arms=(pose.arms[0], arm), lean=pose.lean + sway, nod=pose.nod + 1.5 * sway)
