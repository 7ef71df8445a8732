"""The wardrobe as a table, out and in, as people and spreadsheets write it."""

import csv
import io
import time
from contextlib import suppress
from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe import __main__ as cli
from ewardrobe.feature_store import csv_table, wearing
from ewardrobe.feature_store.csv_table import csv_bytes, read_csv, take_over
from ewardrobe.feature_store.exchange import counts
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.wardrobe.cells import COLUMNS, READ_ONLY, cell_of, value_of
from ewardrobe.wardrobe.item import kind_fields, new_id, new_item, sound, view
from ewardrobe.wardrobe.reading import tidy
from ewardrobe.wardrobe.vocabulary import COLOURS, KINDS, SEASONS


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    store = FeatureStore(tmp_path / "home")
    store.add_many(
        [
            (
                {"id": "a", "type": "shirt", "tags": ["work", "summer"], "price": 12.5, "bought": "2026-03-31"},
                None,
                None,
            ),
            ({"id": "b", "type": "boots", "notes": '=cmd|"x"\nsecond line', "favourite": True}, None, None),
        ]
    )
    return store


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def lines(*texts: str) -> bytes:
    return "\r\n".join(texts).encode()


def test_a_table_goes_out_and_comes_back_unchanged(store):
    wearing.log_wear(store, ["a"], "2026-04-01")
    data = csv_bytes(store.items())
    assert data.startswith(b"\xef\xbb\xbfid,type,category")
    first, second = rows(data)
    assert (first["tags"], first["price"], first["times_worn"], first["last_worn"]) == (
        *("work; summer", "12.5", "1", "2026-04-01"),
    )
    assert (second["category"], second["favourite"], second["notes"]) == ("shoes", "yes", '\'=cmd|"x"\nsecond line')
    table = read_csv(store, data)
    assert (counts(table.differences), table.problems) == ({"new": 0, "changed": 0, "same": 2}, [])
    before = store.path.read_bytes()
    take_over(store, table)
    assert store.path.read_bytes() == before


def test_cells_change_only_their_fields_and_are_the_owners(store):
    table = read_csv(store, lines("id;Brand;Price;Tags", "a;Acme;9,90 €;", "b;;;x"))
    assert [(d.id, d.status) for d in table.differences] == [("a", "changed"), ("b", "changed")]
    store.update("a", size="M")
    assert str(take_over(store, table)) == "2 changed"
    item = store.get("a")
    assert (item["brand"], item["price"], item["tags"], item["size"], item["bought"]) == (
        "Acme",
        9.9,
        [],
        "M",
        "2026-03-31",
    )
    assert item["source"] == {"brand": "user", "price": "user", "tags": "user"}
    assert store.undo().what == "imported table: 2 items"
    assert store.get("a")["price"] == 12.5


def test_new_rows_become_items(store):
    text = "Name,Color,Purchase date,Favorite,Seasons,extra\nParka,Green,3/31/2026,x,autumn; Winter,7\n"
    table = read_csv(store, text.encode("utf-16"))
    assert table.ignored == {"extra": None}
    take_over(store, table)
    item = view(store.items()[-1])
    assert (item["type"], item["colour"], item["bought"], item["favourite"]) == ("Parka", "green", "2026-03-31", True)
    assert (item["name"], item["category"]) == (None, "long sleeve outwear")
    assert (item["season"], item["source"]["type"]) == (["autumn", "winter"], "user")


def test_words_for_shoes_bags_and_hats_are_understood(store):
    data = lines(
        "name,category",
        "sneakers,",
        ",Ankle boots",
        "Chelsea Boot,",
        ",handbags",
        "my old rucksack,",
        "beanie,",
        "Sunday best,hat",
        ",sneakers",
        "sun glasses,",
    )
    table = read_csv(store, data)
    assert not table.problems
    take_over(store, table)
    told = [(item["name"] or item["type"], item["slot"]) for item in store.items()[-9:]]
    assert told == [
        ("sneakers", "shoes"),
        ("ankle boots", "shoes"),
        ("Chelsea Boot", "shoes"),
        ("handbags", "bag"),
        ("my old rucksack", "bag"),
        ("beanie", "hat"),
        ("Sunday best", "hat"),
        ("sneakers", "shoes"),
        ("sun glasses", "accessory"),
    ]


def test_a_word_for_the_category_ends_a_kind_that_cannot_be_of_it_and_leaves_ones_own_name_alone(store):
    store.update("b", type="My treasure", name="The best")
    take_over(store, read_csv(store, lines("id,category", "a,sneakers", "b,coat")))
    told = [(item["type"], item["slot"], item["category"], item["name"]) for item in map(store.get, "ab")]
    assert told == [("sneakers", "shoes", None, None), ("My treasure", "outer", "long sleeve outwear", "The best")]


def test_every_faulty_row_is_told_with_its_line_and_the_good_ones_are_taken(store):
    data = lines(
        "id,type,category,price,bought,state,colr",
        "a,shirt,,cheap,,,",
        "b,boots,,,03/04/2026,,",
        ",,,5,,,",
        "c,hat,,5,,,",
        "c,cap,,5,,,",
        ",scarf,toga,,,,",
        ",scarf,,,,lost,",
        ",belt,,,yesterday,,",
        ",belt,,,,,,more",
        "",
        ",belt,,7,31.12.2025,archived,red",
    )
    table = read_csv(store, data)
    told = table.problems
    assert told[0] == "line 2: price: expected a number, got 'cheap'"
    assert told[1].startswith("line 3: bought: '03/04/2026' could be 2026-03-04 or 2026-04-03")
    assert told[2].startswith("line 4: what is it?")
    assert told[3] == "line 6: the id 'c' stands in line 5 too"
    assert told[4].startswith("line 7: unknown category 'toga': expected one of short sleeve top")
    assert told[5] == "line 8: field 'state': expected one of in use, laundry, lent, archived, got 'lost'"
    assert told[6] == "line 9: bought: 'yesterday' is no date; write it as 2026-03-31"
    assert told[7] == "line 10: 8 cells, but 7 columns: is a quote missing?"
    assert len(told) == 8
    assert table.ignored == {"colr": "colour"}
    assert take_over(store, table).added == 2
    assert store.items()[-1]["state"] == "archived"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"a,b,c\n1,2,3\n", "none of its columns .a, b, c. is known"),
        (b"id\na\n", "none of its columns"),
        (b"type,kind\nx,y\n", "two columns are type"),
        (b"PK\x03\x04\x00\x00", "is no text"),
        (b"\x81\x8d\x8f,\xff", "is not UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(store, data, told):
    with pytest.raises(StoreError, match=told):
        read_csv(store, data, "table.csv")


def test_a_table_that_is_far_too_large_is_refused(store, monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_BYTES", 100)
    with pytest.raises(StoreError, match="more than 0 MB, the limit for tables"):
        read_csv(store, b"type\n" + b"hat\n" * 100)


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("price", "1.234,50 €", 1234.5),
        ("price", "$1,234.50", 1234.5),
        ("price", "EUR 12", 12),
        ("price", "12 500,50 kr", 12500.5),
        ("price", "1'250.-", 1250),
        ("price", "1e+10", 10**10),
        ("price", "1e3", 1000),
        ("price", "Rs. 500", 500),
        ("price", "kr. 250", 250),
        ("price", "25€50", 25.5),
        ("price", "1.299,00 zł", 1299),
        ("price", "5.000.000", 5_000_000),
        ("price", "1,29,999 INR", 129_999),
        ("price", "٤٩٫٩٠", 49.9),
        ("price", "0.125", 0.125),
        ("bought", "2026-3-1", "2026-03-01"),
        ("colour", "Gray", "grey"),
        ("season", "Spring/Summer", ["spring", "summer"]),
        ("season", "autumn, winter", ["autumn", "winter"]),
        ("season", "Fall and winter", ["autumn", "winter"]),
        ("season", "all year", list(SEASONS)),
        ("tags", "a/b; c, d", ["a/b", "c, d"]),
        ("bought", "31 March 2026", "2026-03-31"),
        ("bought", "Mar 31, 2026", "2026-03-31"),
        ("bought", "2026-03-31 10:00", "2026-03-31"),
        ("bought", "12/12/2026", "2026-12-12"),
        ("favourite", "No", False),
        ("wears_since_wash", "", 0),
        ("price", "", None),
        ("colour", "Navy", "navy"),
    ],
)
def test_cells_are_read_as_people_write_them(column, text, value):
    assert value_of(column, text) == {column: value}


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *(("price", text) for text in ("1,234", "1.2.3", "12 or 13", "3.50 / 4", "nan", "1.299 EUR", "$1,299")),
        *(("price", text) for text in ("20–30", "49:90", "30 (was 45)", "from 20", "size 38", "12-", "20 30", "1e999")),
        *(("bought", text) for text in ("31/31/2026", "3.4.26", "0001-01-01", "2567-03-01", "25/12/2567", "45000")),
        ("favourite", "maybe"),
    ],
)
def test_what_can_be_read_in_two_ways_is_asked_about(column, text):
    with pytest.raises(ValueError, match=column):
        value_of(column, text)


@pytest.mark.parametrize(
    ("rows", "bought"),
    [
        (("hat,3/4/2026", "cap,3/25/2026"), ["2026-03-04", "2026-03-25"]),
        (("hat,3/4/2026 10:00", "cap,25/3/2026"), ["2026-04-03", "2026-03-25"]),
    ],
)
def test_the_column_says_which_number_of_a_date_comes_first(store, rows, bought):
    table = read_csv(store, lines("type,bought", *rows))
    assert [difference.item["bought"] for difference in table.differences] == bought


def test_a_date_of_two_readings_is_the_garments_own_or_asked_about(store):
    table = read_csv(store, lines("id,bought,brand", "a,03/31/2026,Acme"))
    assert [d.fields.keys() for d in table.differences] == [{"brand", "source"}]
    store.update("a", bought="2026-04-03")
    table = read_csv(store, lines("id,bought,brand", "a,3/4/2026,Acme"))
    assert (table.problems, [d.status for d in table.differences]) == ([], ["changed"])
    store.update("a", bought="2026-12-24")
    (told,) = read_csv(store, lines("id,bought", "a,3/4/2026")).problems
    assert told.startswith("line 2: bought: '3/4/2026' could be")


def test_a_faulty_quote_costs_its_own_line(store):
    notes = "x" * 300_000
    data = lines(
        "sep=;",
        "type;brand;notes",
        'belt;"open;x',
        'scarf;5" wide;"two',
        'lines"',
        'cap;"a"b;c',
        f"coat;Acme;{notes}",
        'gloves;"good ""quote""";y',
    )
    table = read_csv(store, data)
    told = "a quote is missing or stands where none should; the line is left out"
    assert table.problems == [f"line 3: {told}", f"line 6: {told}"]
    taken = [(d.item["type"], d.item["brand"], len(d.item["notes"])) for d in table.differences]
    assert taken == [("scarf", '5" wide', 9), ("coat", "Acme", 300_000), ("gloves", 'good "quote"', 1)]


@pytest.mark.parametrize(
    ("encoding", "brand"), [("cp1252", "Bäckerei"), ("cp1250", "Žižkov"), ("cp1251", "Одежда"), ("gb18030", "优衣库")]
)
def test_the_letters_of_another_encoding_are_asked_about(store, encoding, brand):
    data = f"type,brand\nhat,{brand}\n".encode(encoding)
    with pytest.raises(csv_table.EncodingError, match="not UTF-8.*look right") as error:
        read_csv(store, data)
    assert error.value.samples[encoding] == brand
    assert read_csv(store, data, encoding=encoding).differences[0].item["brand"] == brand


def test_an_id_that_a_spreadsheet_made_a_number_of_is_known_again(store):
    store.add_many([({"id": text, "type": "cap"}, None, None) for text in ("123456789e12", "000000000042", "77")])
    rows = ("1.23E+20,x", "42,y", "77,z", "9.99E+30,w")
    table = read_csv(store, lines("id,brand", *rows))
    assert [(d.id, d.status) for d in table.differences] == [
        *(("123456789e12", "changed"), ("000000000042", "changed"), ("77", "changed")),
    ]
    assert table.problems == ["line 5: a spreadsheet made the number 9.99E+30 of an id: which item is it?"]


def test_no_id_looks_like_a_number(monkeypatch):
    made = iter(["123456789012" * 2, "1234567e1012" * 2, "12345678901f" * 2])
    monkeypatch.setattr("uuid.uuid4", lambda: SimpleNamespace(hex=next(made)))
    assert new_id() == "12345678901f"


def test_the_total_of_a_table_is_no_garment(store):
    assert len(read_csv(store, lines("name,price", "Total:,120")).problems) == 1
    table = read_csv(store, lines("type,price", "Total recall shirt,5", "Total:,120", "SUMME,7"))
    assert [difference.item["type"] for difference in table.differences] == ["Total recall shirt"]
    assert table.problems == [f"line {line}: a total of the table, no garment" for line in (3, 4)]


STARTS = ("=", "+", "-", "@")


@pytest.mark.parametrize(
    "text", ["ok;=cmd|x", "ok,=1", '"=1', "a\t=1", "a\n=2", "x =1", "ok; -2+3", "a|@x", "'=1", "b -2+cmd"]
)
def test_no_reader_finds_a_formula_whatever_parts_its_cells(text):
    cell = cell_of({"brand": text, "tags": ["ok", text]}, "brand")
    for delimiter in ";,|\t\n ":
        for quote in (csv.QUOTE_NONE, csv.QUOTE_MINIMAL):
            for row in csv.reader(cell.splitlines(), delimiter=delimiter, quoting=quote):
                assert not any(part.strip(' "').startswith(STARTS) for part in row), (delimiter, row)
    assert value_of("brand", cell) == {"brand": text}
    tags = cell_of({"tags": ["ok", "=cmd"]}, "tags")
    assert (tags, value_of("tags", tags)) == ("ok; '=cmd", {"tags": ["ok", "=cmd"]})


@given(st.text(st.sampled_from(" ';,|=+-@a\n\t\"＝"), max_size=12).map(str.strip))
def test_any_text_comes_back_from_a_safe_cell(text):
    assert value_of("notes", cell_of({"notes": text}, "notes"))["notes"] == (text or None)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("price", "a" * 60),
        ("price", "ab " * 40),
        ("price", "1" * 100_000 + "x"),
        ("notes", " " * 40_000 + "x"),
        ("notes", "a \n" * 20_000 + "x"),
        ("notes", "\n\r\t" * 20_000 + "x"),
        ("brand", "a" + "\u0301\u0323" * 40_000),
    ],
    ids=["a word", "words", "digits", "blanks", "lines", "breaks", "accents"],
)
def test_no_text_takes_long_to_read(column, text):
    started = time.process_time()
    for _ in range(2):
        with suppress(ValueError):
            value = value_of(column, text)[column]
            sound({column: value})
            assert value_of(column, cell_of({column: value}, column)) == {column: value}
    assert time.process_time() - started < 3


def test_what_is_equal_to_a_person_is_equal(store):
    for brand in ("Café Noir", "Cafe\u0301 Noir", "Café Noir ", "Café\u200b Noir", "Café\u00a0Noir"):
        store.add({"type": "hat", "brand": brand, "tags": [brand, "Work", "work "]})
    assert {item["brand"] for item in store.items()[2:]} == {"Café Noir"}
    assert store.items()[-1]["tags"] == ["Café Noir", "Work"]


@given(st.text(st.sampled_from("ae\u0301\u200b\u200d\u00a0 \n\r\t\u00adX"), max_size=10))
def test_tidy_text_stays_as_it_is(text):
    assert tidy(tidy(text)) == tidy(text)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12).map(str.strip)
ITEMS = st.fixed_dictionaries(
    {"type": TEXT.filter(bool)},
    optional={
        **dict.fromkeys(("brand", "size", "notes", "state_reason"), TEXT),
        "kind": st.sampled_from(KINDS),
        "price": st.floats(0, 1e6).map(lambda value: round(value, 2)),
        "bought": st.dates(date(1900, 1, 1), date(2100, 12, 31)).map(str),
        "favourite": st.booleans(),
        "colour": st.sampled_from(COLOURS),
        "season": st.lists(st.sampled_from(SEASONS), unique=True),
        "tags": st.lists(TEXT.filter(lambda tag: tag and not set(tag) & set(";|")), max_size=3),
    },
)


@settings(max_examples=60, deadline=None)
@given(fields=ITEMS)
def test_any_item_survives_the_table(tmp_path_factory, fields):
    item = new_item({**fields, **kind_fields(fields.pop("kind", "accessory")), "id": "a"})
    store = FeatureStore(tmp_path_factory.mktemp("home"))
    table = read_csv(store, csv_bytes([item]))
    assert not table.problems
    take_over(store, table)
    copy = store.get("a")
    for column in set(COLUMNS) - set(READ_ONLY):
        if item.get(column) not in ("", None):
            assert cell_of(copy, column) == cell_of(item, column)
    assert (copy["slot"], copy["tags"], copy["price"]) == (item["slot"], item["tags"], item["price"])


def test_the_commands_write_and_read_a_table(store, tmp_path, capsys):
    path, home = tmp_path / "table.csv", ["--wardrobe", str(store.home)]
    assert cli.main(["export", str(path), *home]) == 0
    path.write_text(path.read_text("utf-8-sig").replace("shirt", "blouse") + ",,,,,,,,,,,,oops\n")
    assert cli.main(["import", str(path), "--dry-run", *home]) == 1
    told = capsys.readouterr()
    assert "changed a blouse: type: shirt → blouse" in told.out
    assert "line 5: price: expected a number" in told.err
    assert cli.main(["import", str(path), *home]) == 1
    assert store.get("a")["type"] == "blouse"


def test_a_kind_in_a_table_brings_its_category_and_what_is_unknown_or_clashes_is_told(store):
    data = lines(
        "kind,category,name", "Hoodies,,", "wibble,,", "jeans,skirt,", "jumper,,Grandma's", ",,Sunday treasure"
    )
    table = read_csv(store, data)
    assert [problem.partition(":")[0] for problem in table.problems] == ["line 3", "line 4", "line 6"]
    assert "type: 'wibble' is no kind that is known: write the nearest" in table.problems[0]
    assert "type: 'jeans' is of the category 'trousers', and the row says 'skirt'" in table.problems[1]
    assert "what is it? A new item needs a type or a category" in table.problems[2]
    taken = [(d.item["type"], d.item["category"], d.name) for d in table.differences]
    assert taken == [("Hoodies", "long sleeve outwear", "hoodie"), ("jumper", "long sleeve top", "Grandma's")]


def test_a_new_kind_of_a_garment_in_a_table_changes_its_category(store):
    take_over(store, read_csv(store, lines("id,type", "a,skirt")))
    assert (store.get("a")["type"], store.get("a")["category"]) == ("skirt", "skirt")
    assert store.get("a")["source"] == {"type": "user", "category": "user", "category_id": "user", "slot": "user"}


def test_what_an_older_version_let_be_called_anything_comes_back_from_its_table(store):
    data = lines("id,type,category", "old,My treasure,coat")
    take_over(store, read_csv(store, data))
    assert (store.get("old")["type"], store.get("old")["slot"]) == ("My treasure", "outer")
