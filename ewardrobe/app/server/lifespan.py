"""What begins and ends with the server: the worker of the import queue, live sessions, the loaded models."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ewardrobe.feature_store.store import FeatureStore, StoreError

LOGGER = logging.getLogger(__name__)

ENDS = {
    "ewardrobe.app.live.slots": lambda module: module.SLOTS.shut_down(),
    "ewardrobe.tryon.worker": lambda module: module.end_all(),
    "ewardrobe.garments.worker": lambda module: module.end_all(),
    "ewardrobe.models.cache": lambda module: module.release(),
}
"""How what a module has begun is ended, in this order."""


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Go on with the import queue as the server starts; end every thread of ours before it stops.

    A thread that is inside a model while the interpreter goes down would abort the process.
    """
    going_on = asyncio.create_task(asyncio.to_thread(go_on_with_import))  # the server answers meanwhile
    try:
        yield
    finally:
        await going_on
        await asyncio.to_thread(end_all)  # the event loop goes on: connections need it to close


def go_on_with_import() -> None:
    """Look at the photos that waited in the queue when the last server ended, whichever page is opened first."""
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
