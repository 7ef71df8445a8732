"""What begins and ends with the server: the worker of the import queue, live sessions, the loaded models."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

from ewardrobe.app.streamlit_internals import take_interrupt

LOGGER = logging.getLogger(__name__)
STOPPED = "eWardrobe has stopped. All changes are saved, and photos that still wait are looked at after the next start."

FIRST_PAGE = ("ewardrobe.app.today", "ewardrobe.app.add.review", "ewardrobe.app.add.repair")
"""What the page that opens imports, and the one to which a photo leads."""

ENDS = {
    "ewardrobe.app.live.slots": lambda module: module.SLOTS.shut_down(),
    "ewardrobe.tryon.worker": lambda module: module.end_all(),
    "ewardrobe.garments.worker": lambda module: module.end_all(),
    "ewardrobe.models.cache": lambda module: module.release(),
}
"""How what a module has begun is ended, in this order."""


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Get ready and go on with the import queue as the server starts; end every thread of ours before it stops.

    A thread that is inside a model while the interpreter goes down would abort the process.
    """
    beginning = asyncio.create_task(asyncio.to_thread(begin))  # the server answers meanwhile
    try:
        yield
    finally:
        await beginning
        await asyncio.to_thread(end_all)  # the event loop goes on: connections need it to close
        if take_interrupt():
            print(STOPPED, file=sys.stderr, flush=True)


def begin() -> None:
    """Import the first page and load its models while the browser opens; then go on with the import queue.

    A photo that is dropped meanwhile waits for the model and gets it.  What is imported here is imported while the
    server answers, not before.  What fails is noted, the rest goes on: who asks for it is told so too.
    """
    for step in (get_first_page_ready, load_models, go_on_with_import):
        try:
            step()
        except Exception:  # a server that has begun in part serves; one that raises here ends nothing when it stops
            LOGGER.exception("Getting ready went wrong (%s)", step.__name__.replace("_", " "))


def get_first_page_ready() -> None:
    """Import what the page that opens needs, and draw what it puts into a new wardrobe."""
    from ewardrobe.feature_store.store import FeatureStore

    for name in FIRST_PAGE:
        import_module(name)
    if not FeatureStore().path.exists():
        from ewardrobe.datasets.synthetic import sample_garments

        sample_garments()  # drawn once: the first page puts them into the new wardrobe


def load_models() -> None:
    """Load the models of the page that opens."""
    from ewardrobe.core.process import SettingError
    from ewardrobe.models import DEFAULT_MODEL, cache
    from ewardrobe.models.weights import WeightsError

    try:
        cache.segmenter(DEFAULT_MODEL)
        cache.classifier()
    except (WeightsError, SettingError) as error:
        LOGGER.warning("No model is loaded yet: %s", error)


def go_on_with_import() -> None:
    """Look at the photos that waited in the queue when the last server ended, whichever page is opened first."""
    from ewardrobe.feature_store.store import FeatureStore, StoreError

    store = FeatureStore()
    if not any(store.home.glob("queue/*.json")):  # importing the models takes seconds
        return
    from ewardrobe.app.add.queue import importer

    try:
        importer(str(store.home.absolute())).wake()
    except (StoreError, OSError) as error:  # the page says so too
        LOGGER.warning("The import queue waits: %s", error)


def end_all() -> None:
    """End live sessions and workers, and let go of the models; waits for a frame, a photo or a model under way."""
    for name, end in ENDS.items():
        if module := sys.modules.get(name):  # what was not imported has begun nothing
            end(module)
