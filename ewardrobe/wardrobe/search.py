"""Search as people ask: the words of a text, what each means, and the items that are meant.

"navy jacket" is a colour and a kind.  A word that the table does not know may be the owner's own, a brand or a tag;
else a slip of a letter or two; else it is looked for as text.  `understand` says what it took each for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import chain, count

import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA, LCSseq

from ewardrobe.wardrobe import vocabulary
from ewardrobe.wardrobe.derived import all_of
from ewardrobe.wardrobe.fields import TABLE
from ewardrobe.wardrobe.vocabulary import Word, key, narrower

_FILLERS = (
    "a an the my our some something anything any thing things stuff clothes clothing garment garments item items piece "
    "pieces pair pairs of in with for to from by and or is are that it all wear worn made colour coloured color "
    "colored pattern patterned"
)
FILLERS = frozenset(_FILLERS.split())
"""Words between the others, which mean nothing of their own."""

TONES = {"dark": "dark", "light": "light", "pale": "light", "pastel": "light"}
"""Words for how light the main colour is."""

FAVOURITES = ("favourite", "favourites", "favorite", "favorites")
LONGEST_PHRASE = 4
SHORTEST_TYPO, LONG_WORD = 4, 8
"""Letters: a shorter word is too near to others to be mended; two slips are mended from the second on."""

COLUMNS = {"type": "word", "colour": "hues"}
"""Where the frame holds what a field means, if that is another column: see ``derived.with_derived``."""

Conditions = tuple[Mapping[str, Iterable], ...]
"""Any of which will do; each: the values of which an item has one, by field."""


@dataclass(frozen=True)
class SearchWord:
    """A word or phrase of a search.

    typed: as it was written; read: with slips mended; said: what it was taken for.  group: the field it tells of.
    conditions: of the items that are meant; none for a word that was not understood and is looked for as text.
    either: whether "or" stands before it.
    """

    typed: str
    read: str
    said: str
    group: str
    conditions: Conditions = ()
    either: bool = False

    @property
    def told(self) -> str:
        """What is shown of it: its meaning, with the slip that was mended."""
        return self.said if self.typed == self.read else f"{self.typed} → {self.said}"


@dataclass(frozen=True)
class Query:
    """What was understood of a text."""

    words: tuple[SearchWord, ...]

    @property
    def told(self) -> str:
        """What was understood, to be shown: "navy · jacket", "blck → black · dress"."""
        return " · ".join(word.told for word in self.words if word.conditions)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words that were not understood."""
        return tuple(part.typed for part in self.words if not part.conditions)

    def mask(self, frame: pd.DataFrame) -> pd.Series:
        """Return for each row of a frame of ``derived.with_derived`` whether it is meant, bool.

        Words for one field, "black and white", are all asked for; where nothing has all of them, any will do.
        """
        groups: dict[str, list[SearchWord]] = {}
        for part in self.words:
            groups.setdefault(part.group, []).append(part)
        keep = pd.Series(True, index=frame.index)
        for parts in groups.values():
            masks = [_meant(frame, part) for part in parts]
            every = reduce(pd.Series.__and__, masks)
            any_will_do = any(part.either for part in parts) or not every.any()
            keep &= reduce(pd.Series.__or__, masks) if any_will_do else every
        return keep


def understand(text: str, frame: pd.DataFrame) -> Query:
    """Return what is meant by ``text``, in a wardrobe that is a frame of ``derived.with_derived``."""
    typed = key(text).split()
    own = _own_words(frame)
    read = [_mended(word, frame, own) for word in typed]
    return Query(tuple(_parts(typed, read, own)))


def _parts(typed: Sequence[str], read: Sequence[str], own: Mapping[str, Conditions]) -> Iterator[SearchWord]:
    place, either, unknown = 0, False, count()
    while place < len(read):
        for length in range(min(LONGEST_PHRASE, len(read) - place), 0, -1):
            phrase = " ".join(read[place : place + length])
            if found := _meaning(phrase, own):
                said, group, conditions = found
                yield SearchWord(" ".join(typed[place : place + length]), phrase, said, group, conditions, either)
                either = False
                break
        else:
            length = 1
            either = read[place] == "or" or (either and read[place] in FILLERS)
            if read[place] not in FILLERS:
                yield SearchWord(typed[place], read[place], typed[place], f"text {next(unknown)}")
        place += length


def _meaning(phrase: str, own: Mapping[str, Conditions]) -> tuple[str, str, Conditions] | None:
    """Return what a phrase means: how that is said, the field it tells of, its conditions; ``None`` for nothing."""
    if phrase in TONES:
        return f"{TONES[phrase]} colour", "tone", ({"tone": (TONES[phrase],)},)
    if phrase in FAVOURITES:
        return "favourites", "favourite", ({"favourite": (True,)},)
    words, mine = vocabulary.phrases().get(phrase, ()), own.get(phrase, ())
    if words:
        conditions = chain.from_iterable(map(_conditions, words))
        named = [{"name": (phrase,)}] if words[0].field == "type" else []
        return _said(words), words[0].field, (*conditions, *named, *mine)
    if mine:
        field, values = next(iter(mine[0].items()))
        return f"{field} {next(iter(values))}" if field == "size" else str(next(iter(values))), field, mine
    return None


def _said(words: Sequence[Word]) -> str:
    return " or ".join(dict.fromkeys(word.said or word.name for word in words))


@lru_cache(maxsize=512)
def _conditions(word: Word) -> Conditions:
    """Return what an item must have to be meant by a row of the table."""
    found: list[Mapping[str, Iterable]] = [{word.field: narrower(word.field, word.name)}, *word.means]
    if word.field == "type" and word.material:  # a jacket of denim is a denim jacket
        wider = tuple(chain.from_iterable(narrower("type", name) for name in word.of))
        found += [{"type": wider, "material": (word.material,)}] if wider else []
    if word.field == "material":
        made_of_it = tuple(thing.name for thing in vocabulary.THINGS if thing.material == word.name)
        found.append({"type": made_of_it, "material": ("",)})
    return tuple(found)


# In the frame


def _meant(frame: pd.DataFrame, part: SearchWord) -> pd.Series:
    if not part.conditions:
        return frame["search"].str.contains(part.read, regex=False)
    return reduce(pd.Series.__or__, (_has_all(frame, condition) for condition in part.conditions))


def _has_all(frame: pd.DataFrame, condition: Mapping[str, Iterable]) -> pd.Series:
    return reduce(pd.Series.__and__, (_has(frame, field, set(values)) for field, values in condition.items()))


def _has(frame: pd.DataFrame, field: str, wanted: set) -> pd.Series:
    column = frame[COLUMNS.get(field, field)]
    if field == "name" and (phrase := next(iter(wanted))):
        whole = re.compile(rf"\b{re.escape(phrase)}\b")
        return column.map(lambda name: isinstance(name, str) and bool(whole.search(key(name)))).astype(bool)
    if len(column) and isinstance(column.iloc[0], list):
        return column.map(lambda values: not wanted.isdisjoint(values)).astype(bool)
    return column.where(column.notna(), "").isin(wanted)


OWN = tuple(
    field.name for field in TABLE if field.searched and field.stored and (field.filtered or field.name == "size")
)
"""The fields whose values are words of their own in a search."""


def _own_words(frame: pd.DataFrame) -> dict[str, Conditions]:
    """Return what the wardrobe's own words mean, brands, tags and the like, by `key`."""
    found: dict[str, list[Mapping[str, Iterable]]] = {}
    for field in OWN:
        spellings: dict[str, list[str]] = {}
        for value in _values(frame, field):
            spellings.setdefault(key(value), []).append(value)
        for text, values in spellings.items():
            found.setdefault(text, []).append({field: tuple(values)})
    for name in all_of(frame, "name"):
        found.setdefault(key(name), []).append({"name": (key(name),)})
    found.pop("", None)
    return {text: tuple(conditions) for text, conditions in found.items()}


def _values(frame: pd.DataFrame, field: str) -> list[str]:
    column = frame[field].array
    parts = chain.from_iterable(value if isinstance(value, list) else [value] for value in column)
    return list(dict.fromkeys(part for part in parts if isinstance(part, str) and part))


def _mended(word: str, frame: pd.DataFrame, own: Mapping[str, Conditions]) -> str:
    """Return ``word``, or the known word that it is a slip of: one letter, in long words two."""
    if word in FILLERS or word in TONES or word in FAVOURITES or word in _known_words():
        return word
    mine = {part for text in own for part in text.split()}
    if word in mine or len(word) < SHORTEST_TYPO or frame["search"].str.contains(word, regex=False).any():
        return word
    slips = 1 if len(word) < LONG_WORD else 2
    known = [*_known_words(), *mine]
    near = process.extract(word, known, scorer=OSA.distance, score_cutoff=slips, limit=None)

    def strangeness(found: tuple[str, float, int]) -> tuple:
        text, distance, place = found
        return distance, text[:1] != word[:1], text not in vocabulary.phrases(), -LCSseq.similarity(text, word), place

    return min(near, key=strangeness)[0] if near else word


@lru_cache(maxsize=1)
def _known_words() -> dict[str, None]:
    return dict.fromkeys(part for text in vocabulary.phrases() for part in text.split())
