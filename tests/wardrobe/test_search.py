"""Search as people ask: 150 everyday queries on a wardrobe of 300 garments."""

from __future__ import annotations

import pandas as pd
import pytest
from everyday_wardrobe import COUNT, QUERIES, everyday_items
from wardrobe_items import frame_of

from ewardrobe.wardrobe.filters import Filters, apply

RIGHT = 0.95
"""The share of queries that must give exactly what is meant."""


@pytest.fixture(scope="module")
def truth() -> list[dict]:
    return everyday_items()


@pytest.fixture(scope="module")
def frame(truth, tmp_path_factory) -> pd.DataFrame:
    told = [{name: value for name, value in item.items() if name != "is"} for item in truth]
    return frame_of(told, tmp_path_factory.mktemp("everyday"))


def test_the_queries_ask_for_something(truth):
    assert len(truth) == COUNT
    assert len({query for query, _ in QUERIES}) == len(QUERIES) >= 150
    empty = [query for query, meaning in QUERIES if not any(map(meaning, truth))]
    assert len(empty) <= 3, empty


def test_everyday_queries_find_what_is_meant(frame, truth):
    wrong = {}
    for query, meaning in QUERIES:
        meant = {item["id"] for item in truth if meaning(item)}
        found = set(apply(frame, Filters(query)).index)
        if found != meant:
            wrong[query] = f"{len(found - meant)} too many, {len(meant - found)} missed of {len(meant)}"
    assert 1 - len(wrong) / len(QUERIES) >= RIGHT, wrong
