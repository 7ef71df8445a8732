"""Saved outfits, planned days and the owner's likes: ``outfits.json`` beside ``wardrobe.json``, with the same safety.

An item that was removed stays named in its outfits, so that an undo of the removal makes them whole again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from ewardrobe.feature_store import outfits_json, records
from ewardrobe.feature_store.change import find, now
from ewardrobe.feature_store.document import Document, StoreError
from ewardrobe.wardrobe.item import plain

KEEP_FEEDBACK = 1000
"""Older ratings are forgotten: taste changes, and a file is to stay readable."""


class OutfitStore(Document):
    """The outfits of the wardrobe in folder ``home``, see ``FeatureStore.outfits``.

    Every method that cannot do its work raises ``StoreError`` and leaves everything as it was.
    """

    stem = "outfits"
    parse = staticmethod(outfits_json.parse)
    dump = staticmethod(outfits_json.dump)
    empty = staticmethod(outfits_json.empty_document)

    def saved(self) -> list[dict]:
        """Return the saved outfits, the newest first: id, name, items, layout, created."""
        return self.document()["outfits"][::-1]

    def save(
        self,
        name: str,
        items: Sequence[str],
        layout: Mapping[str, Sequence[float]] | None = None,
        outfit_id: str | None = None,
    ) -> str:
        """Save an outfit under ``name`` and return its id; with ``outfit_id`` that outfit is replaced.

        layout: for each item left, top, width (0..1 of the canvas) and depth (0 = below all), as it was laid by hand.
        """
        name, ids = " ".join(str(name).split()), list(dict.fromkeys(map(str, items)))
        if not name or not ids:
            raise StoreError("The outfit was not saved: give it a name." if ids else "The outfit has no pieces yet.")
        entry = {"name": name, "items": ids, "layout": plain(dict(layout or {}))}
        with self._change() as document:
            if outfit_id is None:
                entry = {"id": uuid.uuid4().hex[:12], **entry, "created": now()}
                document["outfits"].append(entry)
            else:
                entry = find(document["outfits"], outfit_id, "outfit") | entry
                document["outfits"] = [entry if o["id"] == outfit_id else o for o in document["outfits"]]
        return entry["id"]

    def rename(self, outfit_id: str, name: str) -> None:
        """Give a saved outfit another name."""
        name = " ".join(str(name).split())
        if not name:
            raise StoreError("The outfit keeps its name: give another that is not empty.")
        with self._change() as document:
            find(document["outfits"], outfit_id, "outfit")["name"] = name

    def remove(self, outfit_id: str) -> dict:
        """Remove a saved outfit and return it for ``put_back``; days for which it is planned keep its pieces."""
        with self._change() as document:
            gone = find(document["outfits"], outfit_id, "outfit")
            document["outfits"] = [outfit for outfit in document["outfits"] if outfit is not gone]
        return gone

    def put_back(self, outfit: Mapping) -> None:
        """Undo ``remove``."""
        with self._change() as document:
            if all(other["id"] != outfit["id"] for other in document["outfits"]):
                document["outfits"].append(dict(outfit))

    def plan(self, day: date, items: Sequence[str], outfit_id: str | None = None) -> None:
        """Plan ``items`` for ``day``, in place of what was planned; ``outfit_id``: the saved outfit that they are."""
        if not items:
            raise StoreError("Nothing was planned: the outfit has no pieces.")
        entry = {"date": day.isoformat(), "outfit": outfit_id, "items": list(map(str, items))}
        with self._change() as document:
            document["planned"] = [plan for plan in document["planned"] if plan["date"] != entry["date"]] + [entry]

    def unplan(self, day: date) -> None:
        """Take away what is planned for ``day``; nothing happens if nothing is."""
        with self._change() as document:
            document["planned"] = [plan for plan in document["planned"] if plan["date"] != day.isoformat()]

    def rate(self, items: Iterable[str], liked: bool | None, terms: Mapping[str, float], day: date) -> None:
        """Note that the owner likes or dislikes an outfit with these ``terms``; ``None`` takes the rating back."""
        ids = sorted(map(str, items))
        with self._change() as document:
            kept = [entry for entry in document["feedback"] if entry["items"] != ids]
            entry = {"items": ids, "liked": liked, "terms": plain(dict(terms)), "date": day.isoformat()}
            document["feedback"] = (kept + ([entry] if liked is not None else []))[-KEEP_FEEDBACK:]

    def forget_feedback(self) -> list[dict]:
        """Forget all ratings and return them."""
        with self._change() as document:
            gone, document["feedback"] = document["feedback"], []
        return gone

    def merge(self, document: Mapping[str, Any], *, replace: bool = True) -> int:
        """Take over what another ``document`` has more, and with ``replace`` its form of outfits that differ.

        Returns the number of entries taken over.  Days that are planned and garments that are rated here stay so.
        """
        taken = 0
        with self._change() as mine:
            for name, key in (("outfits", "id"), ("planned", "date"), ("feedback", "items")):
                places = {str(entry[key]): place for place, entry in enumerate(mine[name])}
                for entry in document[name]:
                    place = places.get(str(entry[key]))
                    if place is None:
                        mine[name].append(dict(entry))
                        taken += 1
                    elif name == "outfits" and replace and mine[name][place] != entry:
                        mine[name][place] = dict(entry)
                        taken += 1
        return taken

    @contextmanager
    def _change(self) -> Iterator[dict[str, Any]]:
        """Lock, read the file anew, let the caller change the document, replace the file if it differs."""
        with self._locked():
            raw, document = self._raw(), self.document()
            yield document
            outfits_json.check(document, self.path)
            if self.dump(document) != raw:
                self._replace(raw, lambda counter: self.dump({**document, "revision": counter}))
                self._afterwards(lambda: records.keep_outfits(self.home, self.path.read_bytes()))


def missing(items: Iterable[str], present: Iterable[str]) -> list[str]:
    """Return the ids of ``items`` that are not among ``present``: pieces that were removed from the wardrobe."""
    here = set(present)
    return [item_id for item_id in items if item_id not in here]
