"""What a garment is called: by its owner, else from colour, pattern, sleeve, material and kind, as people speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ewardrobe.core.attributes import SLEEVE_OF_CATEGORY
from ewardrobe.core.taxonomy import INSTANCE_ID_BY_WORD
from ewardrobe.wardrobe import vocabulary
from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.vocabulary import MULTICOLOUR, Word

PLAIN_MATERIALS = ("cotton", "synthetic", "other")
"""Materials that nobody says."""

PLAIN_PATTERNS = ("solid", "other")


def called(item: Mapping) -> str:
    """Return what an item is called: the owner's name for it, else one that is made of what is known.

    >>> called({"type": "jacket", "category_id": 4, "colour": "navy", "material": "denim"})
    'navy denim jacket'
    >>> called({"type": "t-shirt", "pattern": "striped"}), called({"category": "vest", "colour": "white"})
    ('striped T-shirt', 'white sleeveless top')
    >>> called({"type": "boots", "name": "Grandma's"}), called({"type": "Grandma's coat", "colour": "red"})
    ("Grandma's", "Grandma's coat")
    """
    if own := _text(item.get("name")):
        return own
    what = _what(item)
    if (row := vocabulary.row_of("type", what)) is None:  # the owner's own words
        return what
    noun = vocabulary.said("type", what).partition(" or ")[0]
    (colour, pattern), material = _colour_and_pattern(item), _material(item, row, noun)
    sleeve = "" if pattern and material else _sleeve(item, row)  # a name is no list of all there is to say
    return " ".join(filter(None, (colour, pattern, sleeve, material, noun)))


def told_apart(items: Iterable[Mapping]) -> dict[str, str]:
    """Return what each item is called, by id; what has the same name as another gets its brand, size or a number.

    >>> tees = [{"id": "1", "type": "tee"}, {"id": "2", "type": "tee", "brand": "Acme"}, {"id": "3", "type": "tee"}]
    >>> told_apart([*tees, {"id": "4", "type": "cap"}])
    {'1': 'tee', '2': 'tee, Acme', '3': 'tee 2', '4': 'cap'}
    """
    groups: dict[str, dict[str, Mapping]] = {}
    for item in items:
        groups.setdefault(called(item), {})[str(item.get("id"))] = item
    found = {item_id: label for name, group in groups.items() for item_id, label in _labels(name, group).items()}
    return {str(item.get("id")): found[str(item.get("id"))] for group in groups.values() for item in group.values()}


def _labels(name: str, group: Mapping[str, Mapping]) -> dict[str, str]:
    """Return the labels of items of one name, by id, no two alike."""
    labels: dict[str, str] = {}
    for item_id, item in group.items():
        facts = [str(item[field]) for field in ("brand", "size") if item.get(field)]
        options = [", ".join((name, *facts[:count])) for count in range(len(facts) + 1)] if len(group) > 1 else [name]
        numbered = (f"{options[-1]} {number}" for number in range(2, len(group) + 2))
        labels[item_id] = next(label for label in (*options, *numbered) if label not in labels.values())
    return labels


def word_of(item: Mapping) -> str:
    """Return the name of the table for what an item is, its kind's where its type tells nothing.

    >>> word_of({"type": "Grandma's coat"}), word_of({"type": "jumper"}), word_of({"slot": "bag", "type": "wibble"})
    ('coat', 'sweater', 'bag')
    """
    found = vocabulary.thing(_what(item)) or vocabulary.thing(str(kind(item)))
    return found.name if found else str(kind(item))


def _what(item: Mapping) -> str:
    return _text(item.get("type")) or str(kind(item))


def _colour_and_pattern(item: Mapping) -> tuple[str, str]:
    colour, pattern = _text(item.get("colour")), _text(item.get("pattern"))
    pattern = "" if pattern in PLAIN_PATTERNS else pattern
    if colour == MULTICOLOUR and pattern:  # a floral dress is of many colours
        colour = ""
    return vocabulary.said("colour", colour), vocabulary.said("pattern", pattern)


def _sleeve(item: Mapping, row: Word) -> str:
    """Return the sleeve where it is not the usual one of such a thing, and the noun does not say it."""
    sleeve = _text(item.get("sleeve"))
    usual = SLEEVE_OF_CATEGORY.get(INSTANCE_ID_BY_WORD.get(row.kinds[0], 0))
    known = row in vocabulary.CATEGORY_ROWS and row.name != "long sleeve outwear"
    return "" if known or not sleeve or sleeve == usual or usual is None else vocabulary.said("sleeve", sleeve)


def _material(item: Mapping, row: Word, noun: str) -> str:
    material = _text(item.get("material"))
    implied = material in (*PLAIN_MATERIALS, row.material) or material in noun.split()
    return "" if implied else material


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
