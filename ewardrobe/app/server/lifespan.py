"""What begins and ends with the server: the worker of the import queue, live sessions, their models' threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ewardrobe.feature_store.store import FeatureStore, StoreError

LOGGER = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Go on with the import queue as the server starts; end every thread of ours before it stops.

    A thread that is inside a model while the interpreter goes down would abort the process.
    """
    await asyncio.to_thread(go_on_with_import)
    try:
        yield
    finally:
        await asyncio.to_thread(end_threads)  # the event loop goes on: connections need it to close


def go_on_with_import() -> None:
    """Look at the photos that waited in the queue when the last server ended, whichever page is opened first."""
    from ewardrobe.app.add.queue import importer  # here: the models come with it, after process.configure()

    store = FeatureStore()
    try:
        importer(str(store.home.absolute())).wake()
    except (StoreError, OSError) as error:  # the page says so too
        LOGGER.warning("The import queue waits: %s", error)


def end_threads() -> None:
    """End live sessions and workers; waits for a frame, a photo or a model that is being loaded."""
    from ewardrobe.app.live.slots import SLOTS
    from ewardrobe.garments import worker as import_worker
    from ewardrobe.tryon import worker as live_worker

    SLOTS.shut_down()
    live_worker.end_all()
    import_worker.end_all()
