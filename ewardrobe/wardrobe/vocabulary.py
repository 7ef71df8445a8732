"""The words of the wardrobe: one table, a row a word, with what each means.

The choices of an item's fields, the names that it is called by, and what is understood in a search, a CSV and a form
follow from it.  DeepFashion2's names are rows too: they stand in files, and people see the row's `said`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal, get_args

from ewardrobe.core.attributes import HEADS, KIND_CATEGORIES, SLEEVE_OF_CATEGORY
from ewardrobe.core.colour_names import COLOUR_NAMES, SHADES
from ewardrobe.core.taxonomy import ACCESSORIES, CATEGORIES, INSTANCES, category
from ewardrobe.wardrobe.reading import same

MULTICOLOUR = "multicolour"
PATTERNS, STYLES, SLEEVES = HEADS["pattern"], HEADS["style"], HEADS["sleeve"]
MATERIALS = ("cotton", "denim", "knit", "leather", "linen", "wool", "silk", "lace", "fur", "synthetic", "other")
SEASONS = ("spring", "summer", "autumn", "winter")
PLAIN_COLOURS = (*COLOUR_NAMES, MULTICOLOUR)
"""The names that the outfits and their charts are made for; `COLOURS` has the finer ones too."""

COLOURS = (*PLAIN_COLOURS, *SHADES)

State = Literal["in use", "laundry", "lent", "archived"]
STATES = get_args(State)
"""Where an item is; ``state_reason`` says why, to whom or since when: "sold", "to Kim"."""

ACCESSORY_SLOTS = (*(a.slot for a in ACCESSORIES), "accessory")
"""Places of what has no category of DeepFashion2: shoes, bag, hat, and the last for all else, which no model finds."""

KINDS = (*(i.word for i in INSTANCES), "accessory")
"""What an item can be: a DeepFashion2 category, or one of the accessory slots."""

# The table


@dataclass(frozen=True, eq=False)
class Word:
    """One row: a word, its other forms, and what it means.

    name: as it is stored.  field: of which it is a value, "type" for what a thing is.  also: other words for the same,
    British and American, parted by commas; near: words that find it in a search and mean more or less than it.
    said: as people say it beside others, where that is not the name.
    kinds: of a thing, the places it can have in the table of ``KINDS``, its own first.  of: wider words, which find it
    too.  material: what it is made of where nothing else is noted.  means: conditions of a search, any of which will
    do, beside being this word or a narrower one: each the values of which an item has one, by field.
    """

    name: str
    field: str = "type"
    also: str = ""
    near: str = ""
    said: str = ""
    kinds: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    material: str | None = None
    means: tuple[dict[str, tuple[str, ...]], ...] = ()

    @property
    def same(self) -> tuple[str, ...]:
        """Its name and the other words for it, in the singular and the plural where they are things."""
        words = (self.name, *_parts(self.also))
        return tuple(dict.fromkeys(form for word in words for form in (word, *self._forms(word))))

    @property
    def search(self) -> tuple[str, ...]:
        """All that finds it."""
        near = (form for word in _parts(self.near) for form in (word, *self._forms(word)))
        return tuple(dict.fromkeys((*self.same, *near)))

    def _forms(self, word: str) -> tuple[str, ...]:
        return () if self.field != "type" else (plural(word), singular(word))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def plural(word: str) -> str:
    """Return the plural of a noun; trousers, boots and the like are plural as they are.

    >>> plural("dress"), plural("hoody"), plural("scarf"), plural("trench coat"), plural("jeans")
    ('dresses', 'hoodies', 'scarves', 'trench coats', 'jeans')
    """
    if word.endswith("rf"):
        return f"{word[:-1]}ves"
    if word.endswith(("ss", "x", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return word if word.endswith("s") else f"{word}s"


def singular(word: str) -> str:
    """Return one of a plural noun, such as a boot of boots; a word that is singular, and "shorts", as it is.

    >>> singular("ankle boots"), singular("dress"), singular("shorts")
    ('ankle boot', 'dress', 'shorts')
    """
    return word if word.endswith(("ss", "shorts", "glasses")) else word.removesuffix("s")


def _thing(name: str, also: str = "", of: str = "", kinds: tuple[str, ...] = (), **more: object) -> Word:
    own = tuple(category(number).word for number in KIND_CATEGORIES.get(name, ()))
    return Word(name, "type", also, of=tuple(_parts(of)), kinds=kinds or own, **more)  # type: ignore[arg-type]


_SHOES, _BAG, _OTHER = ("shoes",), ("bag",), ("accessory",)
_DRESSES = tuple(c.name for c in CATEGORIES if c.slot == "dress")

THINGS = (
    # worn on the upper body
    _thing("t-shirt", "tee, tshirt, tee shirt", said="T-shirt"),
    _thing("polo", "polo shirt, polo top"),
    _thing("shirt", "button down, button up, dress shirt, oxford shirt, flannel shirt"),
    _thing("blouse"),
    _thing("top", means=({"slot": ("top",)},)),
    _thing("tank top", "tank, singlet, muscle top, muscle shirt, vest top"),
    _thing("camisole", "cami, spaghetti strap top, strappy top"),
    _thing("bodysuit", "body suit, leotard"),
    _thing("sweater", "jumper, pullover, jersey, turtleneck, roll neck, polo neck", material="knit"),
    _thing("sweatshirt", "sweat shirt, crewneck, crew neck"),
    _thing("hoodie", "hoody, hooded sweatshirt, hooded jumper, hooded top, hooded sweater"),
    _thing("gilet", "waistcoat, body warmer, bodywarmer, sweater vest, puffer vest, down vest, tank vest"),
    _thing("cardigan", "cardie, cardi, cardy", material="knit"),
    _thing("blazer", "suit jacket, sports jacket, sport coat, sports coat", of="jacket"),
    _thing("jacket", "bomber, bomber jacket, windbreaker, windcheater, anorak, fleece jacket, shacket, overshirt"),
    _thing("denim jacket", "jean jacket, jeans jacket, trucker jacket", of="jacket", material="denim"),
    _thing("leather jacket", "biker jacket, moto jacket", of="jacket", material="leather"),
    _thing("puffer jacket", "puffer, down jacket, quilted jacket, padded jacket", of="jacket"),
    _thing("coat", "overcoat, parka, raincoat, rain coat, pea coat, duffle coat"),
    _thing("trench coat", "trench, trenchcoat, mac", of="coat"),
    _thing("cape", "poncho, cloak"),
    # on the legs
    _thing("shorts", "bermudas, short trousers, short pants", means=({"kind": ("shorts",)},)),
    _thing("denim shorts", "jean shorts, jeans shorts, jorts", of="shorts", material="denim"),
    _thing("jeans", "denims, denim trousers, denim pants", material="denim"),
    _thing("trousers", "pants, slacks, chinos, cords, dungarees, overalls, culottes", means=({"kind": ("trousers",)},)),
    _thing("leggings", "jeggings, yoga pants"),
    _thing("joggers", "sweatpants, sweat pants, jogging bottoms, track pants, tracksuit bottoms, jogging pants"),
    _thing("skirt", "mini skirt, maxi skirt, kilt", means=({"kind": ("skirt",)},)),
    # whole
    _thing("dress", "frock, gown, sundress, maxi dress, mini dress, shift dress"),
    _thing("shirt dress", "shirtdress, tunic dress", of="dress"),
    _thing("jumpsuit", "playsuit, romper, boiler suit, catsuit, onesie", kinds=_DRESSES[2:] + _DRESSES[:2]),
    # on the feet
    _thing("shoes", "footwear", kinds=_SHOES, means=({"slot": ("shoes",)},)),
    _thing("sneakers", "trainers, tennis shoes, gym shoes, running shoes, plimsolls, sports shoes, kicks"),
    _thing("boots", "wellies, wellingtons, wellington boots, rain boots, snow boots, hiking boots, knee boots"),
    _thing("ankle boots", "booties, chelsea boots, desert boots, ankle boot", of="boots"),
    _thing("heels", "high heels, pumps, court shoes, stilettos, heeled shoes, wedges"),
    _thing("sandals", "flip flops, thongs, sliders, slides, espadrilles"),
    _thing("flats", "ballet flats, ballerinas, flat shoes, ballet pumps, mary janes"),
    _thing("loafers", "moccasins, brogues, oxfords, derbies, lace ups, dress shoes, boat shoes"),
    _thing("slippers", "house shoes, mules, clogs"),
    # carried, on the head, and the rest
    _thing("bag", kinds=_BAG, means=({"slot": ("bag",)},)),
    _thing("handbag", "purse, hand bag, pocketbook, satchel, holdall, briefcase"),
    _thing("shoulder bag", "cross body bag, crossbody bag, crossbody, messenger bag"),
    _thing("clutch", "clutch bag, evening bag"),
    _thing("backpack", "rucksack, back pack, knapsack"),
    _thing("tote", "tote bag, shopper, shopping bag, canvas bag"),
    _thing("hat", "headwear, sun hat, straw hat, fedora, bucket hat, beret", means=({"slot": ("hat",)},)),
    _thing("cap", "baseball cap, flat cap"),
    _thing("beanie", "woolly hat, wooly hat, bobble hat, knit cap"),
    _thing("headscarf", "bandana, head scarf"),
    *(
        _thing(name, also, kinds=_OTHER)
        for name, also in (
            ("scarf", "shawl, pashmina, snood"),
            ("belt", ""),
            ("gloves", "mittens"),
            ("socks", "stockings, tights, hosiery"),
            ("jewellery", "jewelry, necklace, earrings, bracelet, ring, brooch, watch"),
            ("glasses", "sunglasses, shades, spectacles"),
            ("tie", "necktie, bow tie"),
            ("umbrella", "brolly"),
            ("underwear", "bra, sports bra, briefs, boxers, lingerie, knickers"),
            ("swimwear", "swimsuit, bathing suit, bikini, swimming trunks, trunks, swim shorts"),
            ("nightwear", "pyjamas, pajamas, nightdress, dressing gown, robe, bathrobe"),
            ("accessory", ""),
        )
    ),
)
"""What people wear, with the wider word and the place of each."""

_CATEGORY_WORDS = {  # what is said while nobody knows more, and the things that such a garment may be
    "short sleeve top": ("short-sleeved top", "t-shirt"),
    "long sleeve top": ("long-sleeved top", ""),
    "short sleeve outwear": ("short-sleeved jacket", "jacket, coat"),
    "long sleeve outwear": ("jacket or coat", "jacket, coat"),
    "vest": ("sleeveless top", "tank top"),
    "sling": ("strappy top", "camisole"),
    "short sleeve dress": ("short-sleeved dress", "dress"),
    "long sleeve dress": ("long-sleeved dress", "dress"),
    "vest dress": ("sleeveless dress", "dress"),
    "sling dress": ("strappy dress", "dress"),
}
CATEGORY_ROWS = tuple(
    Word(name, said=said, of=tuple(_parts(of)), kinds=(name,)) for name, (said, of) in _CATEGORY_WORDS.items()
)
"""DeepFashion2's names, as far as nobody says them: what a garment is called while its kind is not known."""


def _value(field: str, name: str, also: str = "", near: str = "", said: str = "", **more: object) -> Word:
    return Word(name, field, also, near, said, **more)  # type: ignore[arg-type]


_COLOUR_WORDS = {
    "grey": ("gray", "silver"),
    "beige": ("", "tan, sand, nude, stone, oatmeal, taupe"),
    "brown": ("", "tan, chocolate, chestnut, coffee, rust"),
    "yellow": ("", "gold, golden, lemon"),
    "orange": ("", "rust, terracotta, peach"),
    "green": ("", "emerald, sage, lime"),
    "blue": ("", "cobalt, royal blue, indigo"),
    "navy": ("navy blue, dark blue, midnight blue, marine", ""),
    "purple": ("violet", "plum, aubergine"),
    "pink": ("", "rose, fuchsia, magenta, blush"),
    "red": ("", "scarlet, crimson, cherry"),
    "multicolour": (
        "multicolor, multicoloured, multicolored, multi colour, multi coloured, multi",
        "colourful, colorful",
    ),
    "cream": ("off white, ivory, ecru", ""),
    "camel": ("", "tan"),
    "burgundy": ("maroon, wine, wine red, bordeaux, oxblood", "dark red"),
    "coral": ("salmon", "peach"),
    "mustard": ("ochre", ""),
    "olive": ("olive green, khaki, army green, khaki green", ""),
    "mint": ("mint green", ""),
    "teal": ("petrol, petrol blue", ""),
    "turquoise": ("aqua, aquamarine", ""),
    "lilac": ("lavender, mauve", ""),
    "light blue": ("sky blue, baby blue, pale blue, powder blue", ""),
}


def _colour(name: str) -> Word:
    also, near = _COLOUR_WORDS.get(name, ("", ""))
    wider = SHADES[name].of if name in SHADES else ("blue",) if name == "navy" else ()
    return Word(name, "colour", also, near, "multicoloured" if name == MULTICOLOUR else "", of=wider)


COLOUR_ROWS = tuple(map(_colour, COLOURS))

VALUES = (
    _value("pattern", "solid", "plain, unpatterned, plain coloured"),
    _value("pattern", "striped", "stripey, stripy, stripe, stripes, pinstripe, pinstriped", "breton"),
    _value("pattern", "checked", "check, checks, checkered, chequered, plaid", "tartan, gingham, houndstooth"),
    _value("pattern", "floral", "flowery, flowered, flower, flowers"),
    _value("pattern", "dotted", "dots, dot, dotty, polka dot, polka dots, spotted, spotty, spots"),
    _value("pattern", "animal", "animal print", "leopard, leopard print, zebra, snakeskin, tiger", "animal-print"),
    _value("pattern", "graphic", "print, printed, logo, slogan", said="printed"),
    _value("material", "cotton"),
    _value("material", "denim", "", "jean"),
    _value("material", "knit", "knitted, knitting"),
    _value("material", "leather", "", "suede"),
    _value("material", "linen"),
    _value("material", "wool", "woollen, woolen, woolly, wooly", "cashmere, merino, lambswool, alpaca, tweed"),
    _value("material", "silk", "silky", "satin"),
    _value("material", "lace", "lacy"),
    _value("material", "fur", "furry, faux fur, fake fur", "shearling, sheepskin"),
    _value("material", "synthetic", "polyester, nylon, viscose, polyamide, acrylic", "stretch"),
    _value("style", "casual", "", "everyday"),
    _value("style", "smart", "formal, dressy", "business, elegant"),
    _value("style", "party", "", "evening, going out"),
    _value("style", "sporty", "", "sport, sports, athletic, gym, workout, running"),
    *(_value("season", name) for name in SEASONS if name != "autumn"),
    _value("season", "autumn", "fall"),
    *(
        _value("sleeve", name, also, said=said, means=({"kind": kinds, "sleeve": ("",)},))
        for name, also, said in (
            ("none", "sleeveless, no sleeve, no sleeves, without sleeves", "sleeveless"),
            ("short", "short sleeve, short sleeved, short sleeves", "short-sleeved"),
            ("long", "long sleeve, long sleeved, long sleeves", "long-sleeved"),
        )
        if (kinds := tuple(category(number).word for number, sleeve in SLEEVE_OF_CATEGORY.items() if sleeve == name))
    ),
    _value("state", "laundry", "in the laundry, in the wash", "dirty"),
    _value("state", "lent", "lent out"),
)
"""What a thing is like."""

SEARCHES = (
    Word("vest", near="vest", means=({"type": ("vest", "tank top", "gilet")},)),
    Word("outerwear", near="outerwear, outer wear", means=({"slot": ("outer",)},)),
    Word("knitwear", near="knitwear, knits", means=({"type": ("sweater", "cardigan")}, {"material": ("knit",)})),
)
"""Words that mean something in a search alone."""

TABLE = (*THINGS, *CATEGORY_ROWS, *COLOUR_ROWS, *VALUES)

SEVERAL = dict.fromkeys(("all year", "all seasons", "all season", "year round", "all"), SEASONS)
"""Words of a CSV that stand for several values."""

TYPES = {word.name: word.kinds[0] for word in THINGS}
"""The things that a form offers, and the kind that each starts with."""

# What follows from it


@lru_cache(maxsize=4096)
def key(text: str) -> str:
    """Return ``text`` as words are compared: small letters, no hyphens, apostrophes or points.

    >>> key("T-Shirt"), key("Levi’s"), key("M & S")
    ('t shirt', 'levis', 'm and s')
    """
    plain = same(text).translate(_SIGNS).replace("&", " and ")
    return " ".join(plain.split())


_SIGNS = str.maketrans(dict.fromkeys("-_/,;:+()", " ") | dict.fromkeys("'.!?\"“”", ""))


@lru_cache(maxsize=1)
def _said_of() -> dict[tuple[str, str], Word]:
    """Return the row of each word by field and `key`; the first row has it."""
    found: dict[tuple[str, str], Word] = {}
    for part in (lambda word: (word.name,), lambda word: word.same):
        for word in TABLE:
            for form in part(word):
                found.setdefault((word.field, key(form)), word)
    return found


@lru_cache(maxsize=4096)
def row_of(field: str, text: str) -> Word | None:
    """Return the row that ``text`` is a word of, ``None`` for none.

    >>> row_of("type", "Jumpers").name, row_of("colour", "gray").name, row_of("type", "Grandma's coat")
    ('sweater', 'grey', None)
    """
    return _said_of().get((field, key(text)))


@lru_cache(maxsize=4096)
def thing(name: str) -> Word | None:
    """Return what ``name`` calls a thing: the row of it, else of its last words; ``None`` if it tells nothing.

    >>> thing("Chelsea boot").name, thing("light denim jacket").name, thing("wibble")
    ('ankle boots', 'denim jacket', None)
    """
    words = key(name).split()
    return next((row for start in range(len(words)) if (row := row_of("type", " ".join(words[start:])))), None)


def kind_of(name: str) -> str | None:
    """Return the kind that an everyday name stands for, ``None`` for one that tells nothing.

    >>> kind_of("Chelsea boot"), kind_of("Handbags"), kind_of("denim jacket"), kind_of("wibble")
    ('shoes', 'bag', 'long sleeve outwear', None)
    """
    found = thing(name)
    return found.kinds[0] if found else None


def kind_text(text: str) -> str:
    """Return the word for a kind as it is stored; ``ValueError`` for one that nobody knows.

    >>> kind_text(" Hoodies"), kind_text("Grandma's coat")
    ('Hoodies', "Grandma's coat")
    """
    text = " ".join(text.split())
    if not thing(text):
        known = "write the nearest (hoodie, blazer, jeans, boots, trainers …), and your own word as the name"
        raise ValueError(f"{text!r} is no kind that is known: {known}")
    return text


@lru_cache(maxsize=4096)
def base_form(text: str) -> str:
    """Return a word for a thing as one of it is called; any other text as it is.

    >>> base_form("Hoodies"), base_form("jumpers"), base_form("Ankle boot"), base_form("Grandma's coats")
    ('hoodie', 'jumper', 'ankle boots', "Grandma's coats")
    """
    row = row_of("type", text)
    words = (row.name, *_parts(row.also)) if row else ()
    return next((word for word in words if key(text) in map(key, (word, plural(word), singular(word)))), text)


def fits(name: str, kind: str) -> bool:
    """Tell whether a thing of this name can be of ``kind``, one of ``KINDS``; what tells nothing fits all.

    >>> fits("jeans", "trousers"), fits("jeans", "skirt"), fits("Grandma's treasure", "skirt")
    (True, False, True)
    """
    row = thing(name)
    return row is None or kind in row.kinds


def meant_by(field: str, text: str) -> tuple[str, ...]:
    """Return the values of ``field`` that ``text`` stands for, () for none.

    >>> meant_by("season", "Fall"), meant_by("season", "all year") == SEASONS, meant_by("colour", "mauve-ish")
    (('autumn',), True, ())
    """
    if field == "season" and key(text) in SEVERAL:
        return SEVERAL[key(text)]
    row = row_of(field, text)
    return (row.name,) if row else ()


@lru_cache(maxsize=256)
def narrower(field: str, name: str) -> tuple[str, ...]:
    """Return the values that whoever asks for ``name`` means as well, itself first.

    >>> narrower("type", "coat"), narrower("colour", "blue")[:3]
    (('coat', 'trench coat', 'short sleeve outwear', 'long sleeve outwear'), ('blue', 'navy', 'teal'))
    """
    return (name, *(word.name for word in TABLE if word.field == field and name in word.of))


@lru_cache(maxsize=1)
def phrases() -> dict[str, tuple[Word, ...]]:
    """Return the rows that each word of the table finds in a search, by `key`; names go before other words."""
    found: dict[str, list[Word]] = {}
    for word in (*SEARCHES, *TABLE):
        for form in word.search:
            rows = found.setdefault(key(form), [])
            if word not in rows and not any(row in SEARCHES for row in rows):
                rows.append(word)
    return {text: tuple(rows) for text, rows in found.items()}


def words_for(field: str) -> Callable[[str], str]:
    """Return how the values of ``field`` are shown where they are chosen.

    >>> words_for("kind")("long sleeve outwear"), words_for("sleeve")("none"), words_for("state")("lent")
    ('jacket or coat', 'sleeveless', 'lent')
    """
    return partial(said, "type" if field == "kind" else field)


@lru_cache(maxsize=4096)
def said(field: str, name: str) -> str:
    """Return a value as people say it.

    >>> said("type", "T-shirts"), said("sleeve", "long"), said("type", "vest dress"), said("brand", "Acme")
    ('T-shirt', 'long-sleeved', 'sleeveless dress', 'Acme')
    """
    name = base_form(name) if field == "type" else name
    row = row_of(field, name)
    return (row.said or row.name) if row and row.name == name else name
