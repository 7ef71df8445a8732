"""The table of ``benchmark exports``: what was measured in, a table out; no Streamlit."""

from __future__ import annotations

import pandas as pd

from ewardrobe.models import title
from ewardrobe.models.inference import VARIANTS

COMMAND = "python -m ewardrobe benchmark exports --data DATA --json weights/exports.json"
COLUMNS = {
    "size_mb": "MB",
    "network_ms_median": "Net ms",
    "network_ms_p95": "95 % ms",
    "predict_ms_median": "Photo ms",
    "mask_ap_min10": "Mask AP",
    "mask_ap50_min10": "Mask AP50",
    "ap_loss": "AP loss",
    "output_difference": "Difference",
}
"""Figures of a row with their headings; AP is over the categories with at least ten garments."""

DIGITS = {"MB": 1, "Net ms": 1, "95 % ms": 1, "Photo ms": 1, "Mask AP": 3, "Mask AP50": 3, "AP loss": 3}


def table(result: dict) -> pd.DataFrame:
    """Return a row for each form that was measured: model, form and the figures of ``COLUMNS``."""
    rows = [
        {"Model": title(row["model"]), "Form": VARIANTS.get(row["variant"], row["variant"])}
        | {label: row[key] for key, label in COLUMNS.items()}
        for row in result["rows"]
        if "reason" not in row
    ]
    shown = pd.DataFrame(rows, columns=["Model", "Form", *COLUMNS.values()])
    return shown.astype(dict.fromkeys(COLUMNS.values(), float))  # None, of too few garments, becomes NaN


def missing(result: dict) -> list[str]:
    """Return what was not measured, with the reason, one line for each form and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in result["rows"]:
        if "reason" in row:
            form = VARIANTS.get(row["variant"], row["variant"])
            found.setdefault((form, row["reason"]), []).append(title(row["model"]))
    return [f"{form} ({', '.join(models)}): {reason}" for (form, reason), models in found.items()]


def text(result: dict) -> str:
    """Return the table and what is missing from it as lines of text."""
    shown, meta = table(result), result["meta"]
    formats = {name: (lambda v, d=digits: f"{v:.{d}f}") for name, digits in DIGITS.items()}
    formats["Difference"] = "{:.1e}".format
    lines = [shown.to_string(index=False, na_rep="–", formatters=formats)] if len(shown) else []
    photos = f"{meta['photos']} photos of {meta['data']}; {meta['threads']} threads"
    return "\n".join([*lines, *missing(result), photos])
