"""A wardrobe of 300 garments as records, made by a seeded rule; and 150 everyday queries with what each means."""

from __future__ import annotations

import random
from collections.abc import Callable

from ewardrobe.core.attributes import SLEEVE_OF_CATEGORY
from ewardrobe.wardrobe.item import kind_fields

COUNT = 300

KINDS = (  # what it is, how its record says so, category, usual materials
    ("t-shirt", ("t-shirt", "t-shirt", "tee"), "short sleeve top", ("cotton", "cotton", "linen")),
    ("t-shirt", ("t-shirt",), "long sleeve top", ("cotton",)),
    ("polo", ("polo",), "short sleeve top", ("cotton",)),
    ("shirt", ("shirt",), "long sleeve top", ("cotton", "linen", "denim", "silk")),
    ("shirt", ("shirt",), "short sleeve top", ("cotton", "linen")),
    ("blouse", ("blouse",), "long sleeve top", ("silk", "lace", "synthetic")),
    ("tank top", ("tank top",), "vest", ("cotton",)),
    ("camisole", ("camisole",), "sling", ("silk", "lace")),
    ("sweater", ("sweater", "jumper", "pullover"), "long sleeve top", ("wool", "knit", "knit", None)),
    ("sweatshirt", ("sweatshirt",), "long sleeve top", ("cotton",)),
    ("hoodie", ("hoodie",), "long sleeve outwear", ("cotton", None)),
    ("gilet", ("gilet",), "short sleeve outwear", ("synthetic",)),
    ("cardigan", ("cardigan",), "long sleeve outwear", ("wool", "knit")),
    ("blazer", ("blazer",), "long sleeve outwear", ("wool", "linen", None)),
    ("jacket", ("jacket",), "long sleeve outwear", ("denim", "leather", "synthetic")),
    ("denim jacket", ("denim jacket",), "long sleeve outwear", ("denim", None)),
    ("leather jacket", ("leather jacket",), "long sleeve outwear", ("leather", None)),
    ("puffer jacket", ("puffer jacket",), "long sleeve outwear", ("synthetic",)),
    ("coat", ("coat",), "long sleeve outwear", ("wool", "synthetic")),
    ("trench coat", ("trench coat",), "long sleeve outwear", ("cotton",)),
    ("outerwear", ("long sleeve outwear",), "long sleeve outwear", ("wool", "denim")),
    ("shorts", ("shorts",), "shorts", ("cotton", "linen", "denim")),
    ("jeans", ("jeans",), "trousers", ("denim", None)),
    ("trousers", ("trousers",), "trousers", ("cotton", "wool", "linen")),
    ("leggings", ("leggings",), "trousers", ("synthetic",)),
    ("joggers", ("joggers",), "trousers", ("cotton",)),
    ("skirt", ("skirt",), "skirt", ("denim", "leather", "cotton")),
    ("dress", ("dress",), "short sleeve dress", ("cotton", "linen", "silk")),
    ("dress", ("dress",), "long sleeve dress", ("wool", "knit")),
    ("dress", ("sling dress",), "sling dress", ("silk",)),
    ("jumpsuit", ("jumpsuit",), "vest dress", ("cotton",)),
    ("sneakers", ("sneakers", "trainers"), "shoes", ("leather", None)),
    ("boots", ("boots",), "shoes", ("leather", None)),
    ("ankle boots", ("ankle boots",), "shoes", ("leather",)),
    ("heels", ("heels",), "shoes", (None,)),
    ("sandals", ("sandals",), "shoes", ("leather",)),
    ("loafers", ("loafers",), "shoes", ("leather",)),
    ("handbag", ("handbag",), "bag", ("leather", None)),
    ("backpack", ("backpack",), "bag", ("synthetic",)),
    ("tote", ("tote",), "bag", ("cotton",)),
    ("cap", ("cap",), "hat", ("cotton",)),
    ("beanie", ("beanie",), "hat", ("wool",)),
    ("scarf", ("scarf",), "accessory", ("wool", "silk")),
    ("belt", ("belt",), "accessory", ("leather",)),
)
COLOURS = ("black", "white", "grey", "beige", "brown", "red", "yellow", "green", "blue", "navy", "purple", "pink")
OFTEN = (*COLOURS, "black", "black", "black", "white", "white", "navy", "navy", "blue")
SHADES = ("burgundy", "olive", "camel", "mint", "cream", "teal")
PATTERNS = ("solid", "solid", "solid", "striped", "checked", "floral", "dotted")
BRANDS = ("Acme", "Norrland", "Marks & Spencer", "Levi's", "Uniqlo", None, None)
TAGS = ("holiday", "office", "concert")
STYLES = ("casual", "smart", "party", "sporty", None)
SEASONS = (["summer"], ["winter"], ["spring", "autumn"], [])


def everyday_items(seed: int = 5) -> list[dict]:
    """``COUNT`` items with ids ``g0`` …, the same for the same seed; ``is`` says what each one truly is."""
    rng = random.Random(seed)
    return [_item(number, rng) for number in range(COUNT)]


def _item(number: int, rng: random.Random) -> dict:
    what, words, kind, materials = KINDS[number % len(KINDS)]
    colour = rng.choice(OFTEN + (SHADES if rng.random() < 0.5 else ()))
    fields = kind_fields(kind)
    pattern = rng.choice(PATTERNS) if fields["category"] else None
    second = rng.choice([c for c in COLOURS if c != colour]) if pattern in ("striped", "checked") else None
    shares = [(colour, 0.6), (second, 0.4)] if second else [(colour, 1.0)]
    return {
        "id": f"g{number}",
        "is": what,
        "type": rng.choice(words),
        **fields,
        "colour": colour,
        "colours": [{"name": name, "share": share} for name, share in shares],
        "pattern": pattern,
        "material": rng.choice(materials),
        "sleeve": SLEEVE_OF_CATEGORY.get(fields["category_id"]),
        "brand": rng.choice(BRANDS),
        "tags": rng.sample(TAGS, rng.choice((0, 0, 1))),
        "style": rng.choice(STYLES) if fields["category"] else None,
        "season": list(rng.choice(SEASONS)),
        "size": rng.choice(("S", "M", "L")),
        "name": "Grandma's treasure" if number == 17 else None,
    }


Meaning = Callable[[dict], bool]

BROADER = {  # as people say it: who asks for the first means the second as well
    "white": ("cream",),
    "beige": ("cream", "camel"),
    "brown": ("camel",),
    "red": ("burgundy",),
    "green": ("olive", "mint", "teal"),
    "blue": ("navy", "teal"),
}


def colour(*names: str) -> Meaning:
    wanted = {*names, *(shade for name in names for shade in BROADER.get(name, ()))}
    return lambda item: any(part["name"] in wanted for part in item["colours"])


def what(*kinds: str) -> Meaning:
    return lambda item: item["is"] in kinds


def has(field: str, *values: str) -> Meaning:
    return lambda item: item[field] in values


def tag(name: str) -> Meaning:
    return lambda item: name in item["tags"]


def both(*meanings: Meaning) -> Meaning:
    return lambda item: all(meaning(item) for meaning in meanings)


def either(*meanings: Meaning) -> Meaning:
    return lambda item: any(meaning(item) for meaning in meanings)


def of(material: str, *kinds: str) -> Meaning:
    """Of a material, or of a kind that is always made of it where nothing else is noted."""
    return lambda item: item["material"] == material or (item["material"] is None and item["is"] in kinds)


DENIM, LEATHER = of("denim", "jeans", "denim jacket", "denim shorts"), of("leather", "leather jacket")
KNIT = of("knit", "sweater", "cardigan")
JACKET = what("jacket", "denim jacket", "leather jacket", "puffer jacket", "blazer", "outerwear")
COAT = what("coat", "trench coat", "outerwear")
TEE, SHIRT, BLOUSE, POLO = what("t-shirt"), what("shirt"), what("blouse"), what("polo")
JUMPER, HOODIE, SWEATSHIRT, CARDIGAN = what("sweater"), what("hoodie"), what("sweatshirt"), what("cardigan")
TANK, BLAZER, SHORTS, JEANS = what("tank top"), what("blazer"), what("shorts"), what("jeans")
TROUSERS, SKIRT = has("category", "trousers"), what("skirt")
DRESS = what("dress")
TRAINERS, BOOTS, BAG = what("sneakers"), what("boots", "ankle boots"), has("slot", "bag")
SHOES, HAT, TOP = has("slot", "shoes"), has("slot", "hat"), has("slot", "top")
LONG, SHORT, NONE = (has("sleeve", value) for value in ("long", "short", "none"))
STRIPED, CHECKED, FLORAL, DOTTED = (has("pattern", value) for value in ("striped", "checked", "floral", "dotted"))
NAVY, BLACK, WHITE, BLUE = colour("navy"), colour("black"), colour("white"), colour("blue")
RED, GREEN, GREY, BROWN, BEIGE = colour("red"), colour("green"), colour("grey"), colour("brown"), colour("beige")
WOOL, LINEN, COTTON, SILK = (has("material", value) for value in ("wool", "linen", "cotton", "silk"))
LEVIS, MARKS = has("brand", "Levi's"), has("brand", "Marks & Spencer")


def season(name: str) -> Meaning:
    return lambda item: name in item["season"]


QUERIES: tuple[tuple[str, Meaning], ...] = (
    # a kind, in singular and plural, British and American
    ("jacket", JACKET), ("jackets", JACKET), ("coat", COAT), ("coats", COAT), ("jumpers", JUMPER),
    ("jumper", JUMPER), ("sweater", JUMPER), ("pullovers", JUMPER), ("t shirts", TEE), ("t-shirt", TEE),
    ("tee", TEE), ("tees", TEE), ("tshirt", TEE), ("T-Shirts", TEE), ("shirts", SHIRT), ("blouses", BLOUSE),
    ("polo shirt", POLO), ("polos", POLO), ("tank tops", TANK), ("hoodies", HOODIE), ("hoody", HOODIE),
    ("cardigans", CARDIGAN), ("cardie", CARDIGAN), ("blazers", BLAZER), ("shorts", SHORTS), ("jeans", JEANS),
    ("trousers", TROUSERS), ("pants", TROUSERS), ("leggings", what("leggings")), ("joggers", what("joggers")),
    ("sweatpants", what("joggers")), ("tracksuit bottoms", what("joggers")), ("skirts", SKIRT), ("dresses", DRESS),
    ("jumpsuit", what("jumpsuit")), ("trainers", TRAINERS), ("sneakers", TRAINERS), ("sneaker", TRAINERS),
    ("boots", BOOTS), ("ankle boots", what("ankle boots")), ("ankle boot", what("ankle boots")),
    ("high heels", what("heels")), ("sandals", what("sandals")), ("loafers", what("loafers")), ("shoes", SHOES),
    ("footwear", SHOES), ("bags", BAG), ("purse", what("handbag")), ("rucksack", what("backpack")),
    ("tote bag", what("tote")), ("hats", HAT), ("woolly hat", what("beanie")), ("baseball cap", what("cap")),
    ("scarves", what("scarf")), ("belts", what("belt")), ("body warmer", what("gilet")),
    ("trench", what("trench coat")), ("down jacket", what("puffer jacket")), ("tops", TOP),
    ("vest", what("tank top", "gilet")), ("waistcoat", what("gilet")), ("cami", what("camisole")),
    ("sweatshirts", SWEATSHIRT), ("frock", DRESS),
    # with a colour
    ("navy jacket", both(NAVY, JACKET)), ("black ankle boots", both(BLACK, what("ankle boots"))),
    ("white trainers", both(WHITE, TRAINERS)), ("black dress", both(BLACK, DRESS)), ("red dress", both(RED, DRESS)),
    ("blue jeans", both(BLUE, JEANS)), ("grey hoodie", both(GREY, HOODIE)), ("gray hoodie", both(GREY, HOODIE)),
    ("white shirt", both(WHITE, SHIRT)), ("navy blue jumper", both(NAVY, JUMPER)), ("brown shoes", both(BROWN, SHOES)),
    ("beige trousers", both(BEIGE, TROUSERS)), ("something red", RED), ("anything green", GREEN),
    ("burgundy", colour("burgundy")), ("maroon", colour("burgundy")), ("olive", colour("olive")),
    ("khaki trousers", both(colour("olive"), TROUSERS)), ("camel", colour("camel")),
    ("mint top", both(colour("mint"), TOP)),
    ("cream jumper", both(colour("cream"), JUMPER)), ("off white", colour("cream")), ("teal", colour("teal")),
    ("yellow things", colour("yellow")), ("pink tops", both(colour("pink"), TOP)), ("violet", colour("purple")),
    ("jacket navy", both(NAVY, JACKET)), ("black and white", both(BLACK, WHITE)),
    ("black skirts", both(BLACK, SKIRT)), ("my black coat", both(BLACK, COAT)), ("black pants", both(BLACK, TROUSERS)),
    ("a pair of black shoes", both(BLACK, SHOES)), ("navy trousers", both(NAVY, TROUSERS)),
    # of a material
    ("something wool", WOOL), ("wool coat", both(WOOL, COAT)), ("woollen jumper", both(WOOL, JUMPER)),
    ("linen", LINEN), ("linen shirt", both(LINEN, SHIRT)), ("cotton t-shirts", both(COTTON, TEE)),
    ("silk blouse", both(SILK, BLOUSE)), ("denim", DENIM), ("denim skirt", both(DENIM, SKIRT)),
    ("jean jacket", both(DENIM, JACKET)), ("denim jacket", both(DENIM, JACKET)),
    ("leather jacket", both(LEATHER, JACKET)), ("leather boots", both(LEATHER, BOOTS)),
    ("black leather jacket", both(BLACK, LEATHER, JACKET)),
    ("knitwear", either(KNIT, JUMPER, CARDIGAN)), ("knitted dress", both(KNIT, DRESS)),
    ("leather skirt", both(LEATHER, SKIRT)), ("denim shorts", both(DENIM, SHORTS)),
    ("jean shorts", both(DENIM, SHORTS)),
    # with a pattern
    ("stripey tee", both(STRIPED, TEE)), ("striped t-shirt", both(STRIPED, TEE)), ("stripes", STRIPED),
    ("stripy", STRIPED), ("checked shirt", both(CHECKED, SHIRT)), ("plaid shirt", both(CHECKED, SHIRT)),
    ("checkered", CHECKED), ("floral dress", both(FLORAL, DRESS)), ("flowery", FLORAL), ("polka dot", DOTTED),
    ("spotted skirt", both(DOTTED, SKIRT)), ("plain white tee", both(has("pattern", "solid"), WHITE, TEE)),
    # sleeves, seasons, styles
    ("long sleeve t-shirt", both(LONG, TEE)), ("short-sleeved shirt", both(SHORT, SHIRT)),
    ("sleeveless top", both(NONE, TOP)), ("long sleeved dress", both(LONG, DRESS)),
    ("summer dress", both(season("summer"), DRESS)), ("winter coat", both(season("winter"), COAT)),
    ("fall jackets", both(season("autumn"), JACKET)), ("smart trousers", both(has("style", "smart"), TROUSERS)),
    ("party dress", both(has("style", "party"), DRESS)),
    # brands, tags, names
    ("acme", has("brand", "Acme")), ("levis", LEVIS), ("Levi's jeans", both(LEVIS, JEANS)),
    ("uniqlo tee", both(has("brand", "Uniqlo"), TEE)), ("marks and spencer shirt", both(MARKS, SHIRT)),
    ("marks & spencer", MARKS), ("holiday", tag("holiday")), ("office shirt", both(tag("office"), SHIRT)),
    ("grandma's treasure", has("id", "g17")), ("norrland coat", both(has("brand", "Norrland"), COAT)),
    # small typos
    ("blck dress", both(BLACK, DRESS)), ("jaket", JACKET), ("cardigen", CARDIGAN), ("trousrs", TROUSERS),
    ("blak jeens", both(BLACK, JEANS)), ("stiped shirt", both(STRIPED, SHIRT)), ("snekers", TRAINERS),
    ("uniqulo", has("brand", "Uniqlo")), ("lether bag", both(LEATHER, BAG)), ("sweter", JUMPER),
    ("burgandy", colour("burgundy")),
    # several kinds, words for nothing that is there
    ("skirts and dresses", either(SKIRT, DRESS)), ("hoodie or sweatshirt", either(HOODIE, SWEATSHIRT)),
    ("spaceship", lambda item: False),
)  # fmt: skip
