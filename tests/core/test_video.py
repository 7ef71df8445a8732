"""Videos in place of the camera: what can be played, in which order, size and pace, and what is refused."""

from __future__ import annotations

import asyncio
import io
import itertools
import struct
import threading
import time

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from ewardrobe.app.live import clip
from ewardrobe.core import video as video_file
from ewardrobe.core.video import VideoError, open_video, play, write_video

CODECS = {"mp4": "libx264", "mov": "mjpeg", "webm": "libvpx", "matroska": "mpeg4", "avi": "mpeg4"}


def numbered(count: int, size=(48, 64)) -> list[np.ndarray]:
    """RGB frames that get redder one by one, with a green corner at the top left."""
    frames = [np.full((*size, 3), (10 + 200 * index // max(count - 1, 1), 20, 40), np.uint8) for index in range(count)]
    for frame in frames:
        frame[: size[0] // 2, : size[1] // 2] = (0, 255, 0)
    return frames


def encoded(kind="mp4", count=12, fps=12, size=(48, 64), turned=0) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        stream = container.add_stream(CODECS[kind], rate=fps)
        stream.width, stream.height, stream.bit_rate = size[1], size[0], 2_000_000
        stream.pix_fmt = "yuvj420p" if CODECS[kind] == "mjpeg" else "yuv420p"
        if turned:
            stream.set_display_rotation(turned)
        for frame in numbered(count, size):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


def sound_only() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 44100
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.mark.parametrize("kind", CODECS)
def test_frames_come_in_order_in_rgb_at_their_times(kind):
    video = open_video(encoded(kind), f"clip.{kind}")
    assert video.size == (48, 64) and video.fps == pytest.approx(12)
    frames, times = zip(*play(video, loop=False), strict=True)
    assert len(frames) == 12 and np.allclose(times, np.arange(12) / 12, atol=2e-3)
    reds = [int(frame[40, 50, 0]) for frame in frames]
    assert reds == sorted(reds) and reds[0] < 40 and reds[-1] > 180
    assert np.abs(frames[0][10, 10].astype(int) - (0, 255, 0)).max() < 40


def test_it_begins_again_without_a_jump_in_time():
    times = [seconds for _, seconds in itertools.islice(play(open_video(encoded(count=6))), 20)]
    assert np.allclose(np.diff(times), 1 / 12, atol=2e-3)


def test_own_videos_are_read_as_they_were_written(tmp_path):
    frames = numbered(5)
    write_video(tmp_path / "own.mov", frames, 15)
    video = open_video(tmp_path / "own.mov")
    assert video.fps == 15 and video.seconds == pytest.approx(5 / 15)
    for (read, _), written in zip(play(video, loop=False), frames, strict=True):
        assert np.abs(read.astype(int) - written).mean() < 4


@pytest.mark.parametrize(("turned", "corner"), [(90, (-5, 5)), (-90, (5, -5)), (180, (-5, -5))])
def test_a_phones_video_is_shown_upright(turned, corner):
    """The green corner, top left in the file, goes where the turn (counter-clockwise) takes it."""
    video = open_video(encoded("mp4", turned=turned))
    frame = next(play(video))[0]
    assert frame.shape[:2] == video.size == ((64, 48) if turned % 180 else (48, 64))
    assert frame[corner][1] > 180 > 100 > frame[corner][0]


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [((1, 0, 0, -1), (-5, 5)), ((-1, 0, 0, 1), (5, -5)), ((0, 1, 1, 0), (5, 5)), ((0, -1, -1, 0), (-5, -5))],
)
def test_a_mirrored_video_is_shown_as_its_display_matrix_says(matrix, corner):
    def packed(a, b, c, d):
        return struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)

    start, _, end = encoded("mp4").rpartition(packed(1, 0, 0, 1))  # the last one is the track's
    video = open_video(start + packed(*matrix) + end)
    frame = next(play(video))[0]
    assert frame.shape[:2] == video.size == ((48, 64) if matrix[0] else (64, 48))
    assert frame[corner][1] > 180 > 100 > frame[corner][0]


def test_large_and_fast_videos_are_reduced(monkeypatch):
    monkeypatch.setattr(video_file, "MAX_SIDE", 32)
    video = open_video(encoded(count=30, fps=60, size=(64, 48)))
    assert video.fps == video_file.MAX_FPS and video.size == (64, 48)
    frames, times = zip(*play(video, loop=False), strict=True)
    assert frames[0].shape == (32, 24, 3)
    assert len(frames) == 15 and np.diff(times).min() > 0.9 / video_file.MAX_FPS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a video"),
        (b"Dear Sir or Madam, this is no video at all", "not a video"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n", "not a video"),
        (encoded()[:200], "not a video|not one frame"),
        (sound_only(), "only sound"),
    ],
    ids=["empty", "letter", "playlist", "cut off", "sound"],
)
def test_what_cannot_be_played_is_refused_by_name(content, said):
    with pytest.raises(VideoError, match=f"holiday.mp4: .*({said})"):
        open_video(content, "holiday.mp4")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(VideoError, match="gone.mov"):
        open_video(tmp_path / "gone.mov", "gone.mov")


def test_a_long_video_is_refused_and_one_of_unknown_length_is_cut(monkeypatch):
    monkeypatch.setattr(video_file, "MAX_SECONDS", 0.5)
    with pytest.raises(VideoError, match="1 seconds long; at most 0"):
        open_video(encoded(), "long.mp4")
    endless = video_file.Video(encoded(), "recording.webm", (48, 64), 12.0, None)
    assert max(seconds for _, seconds in play(endless, loop=False)) <= 0.5


def test_a_fault_in_the_middle_ends_the_round_and_the_clip_goes_on(tmp_path):
    write_video(tmp_path / "clip.mov", numbered(10), 10)
    content = bytearray((tmp_path / "clip.mov").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2500] = bytes(2500)
    video = open_video(bytes(content))
    one_round = len(list(play(video, loop=False)))
    assert 0 < one_round < 10
    assert len(list(itertools.islice(play(video), 25))) == 25


# As a WebRTC track


def receive(track, count):
    async def go():
        return [(await track.recv(), time.monotonic()) for _ in range(count)]

    return asyncio.run(go())


def test_a_track_is_paced_by_the_clips_times():
    track = clip.ClipTrack(play(open_video(encoded(count=6, fps=20))))
    frames, when = zip(*receive(track, 8), strict=True)
    assert [float(frame.pts * frame.time_base) for frame in frames] == pytest.approx(np.arange(8) / 20, abs=2e-3)
    assert when[-1] - when[0] >= 7 / 20 - 0.02, "never faster than its times"
    track.stop()


def test_a_stopped_track_says_so_and_leaves_no_thread():
    track = clip.ClipTrack(play(open_video(encoded())))
    receive(track, 2)
    track.stop()
    with pytest.raises(MediaStreamError):
        receive(track, 1)
    for thread in threading.enumerate():
        if thread.name.startswith("clip-reader"):
            thread.join(20)
            assert not thread.is_alive()


def test_a_track_ends_after_its_last_frame():
    track = clip.ClipTrack(iter([(numbered(1)[0], 0.0)]))
    receive(track, 1)
    with pytest.raises(MediaStreamError):
        receive(track, 1)
    assert track.readyState == "ended"


def test_a_slow_clip_plays_slower_instead_of_hurrying(monkeypatch):
    track = clip.ClipTrack(iter(()))
    now = 100.0
    monkeypatch.setattr(clip.time, "monotonic", lambda: now)
    assert track._wait(0.0) == 0
    assert track._wait(0.1) == pytest.approx(0.1)
    now = 103.0  # three seconds for one frame
    assert track._wait(0.2) == 0
    assert track._wait(0.3) == pytest.approx(0.1), "its clock was set anew"
    track.stop()


# The sample clip


@pytest.fixture
def quick_sample(monkeypatch, tmp_path):
    monkeypatch.setenv("EWARDROBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(clip, "SAMPLE_FRAMES", 3)
    monkeypatch.setattr(clip, "SAMPLE_SIZE", (120, 160))


def test_the_sample_clip_is_drawn_once_and_swings_to_and_fro(quick_sample, monkeypatch):
    frames = [frame for frame, _ in play(clip.sample_clip(), loop=False)]
    assert len(frames) == 4, "0 1 2 1"
    assert np.array_equal(frames[1], frames[3]) and not np.array_equal(frames[0], frames[2])
    monkeypatch.delattr(clip, "render_clip")
    assert clip.sample_clip().size == (120, 160)


def test_a_sample_clip_that_cannot_be_written_says_so(quick_sample, monkeypatch, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(VideoError, match="could not be drawn"):
        clip.sample_clip()


def test_a_clip_is_whole_or_not_there(quick_sample, tmp_path):
    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clip.render_sample(tmp_path / "clip.mov", stop)
    assert not (tmp_path / "clip.mov").exists()
