"""The model card of the attribute network, from the manifest and from what ``evaluate-attributes`` measured."""

from __future__ import annotations

from typing import Any

from ewardrobe.core.attributes import HEADS
from ewardrobe.evaluation.metrics import number
from train.cards.markdown import provenance, table, wrapped
from train.cards.readme import BESIDE, photos


def card(entry: dict[str, Any], metrics: dict[str, Any], validated: dict[str, Any] | None = None) -> str:
    """Return the card as Markdown; validated: the figures of the validation, shown small."""
    meta, judged = metrics["meta"], {name: metrics[name] for name in HEADS if metrics.get(name)}
    measured = (
        f"{photos(meta)}, {meta['garments']} judged garments under their annotated masks, on {meta['date'][:10]} with "
        f"`{meta['command']}`."
    )
    heads = "style, sleeve length and everyday kind" if "kind" in judged else "style and sleeve length"
    return wrapped(f"""# Attribute network

Pattern, material, {heads} of one garment, from its masked crop and its category; the body is the
U-Net's encoder up to stride 16 with a narrow last stage.

{provenance(entry, f"; {entry['images']:,} crops seen in {entry['steps']:,} steps")}

## Figures

{measured} Fractions of 1; in brackets 95 % intervals by bootstrap over the photos.{f" {BESIDE}" if validated else ""}

{_table(judged, validated or {})}

Asserted: the share of garments for which the network is sure enough for the app to state a value; for the others it
asks. ECE: how far confidence and share of right answers lie apart. Always the commonest: what one gets by naming
{", ".join(f"{found['majority']} ({name})" for name, found in judged.items())}.

{chr(10).join(_values(name, found) for name, found in judged.items())}
{_categories(judged.get("kind"))}Values with fewer than ten garments say little.

{_colours(metrics)}

## Label noise, use and limits

The judgements are one person's, by eye, in one pass. Material is a guess: cotton, synthetic and silk look alike on a
photo. How often the same judge would agree with himself nobody has measured, so nobody knows how far above these
figures one could get. Style is a matter of opinion. Patterns are the most reliable of the three; "other" and "graphic"
overlap. The sleeve head does not see the category, from whose name its truth was taken; sleeves hidden under a jacket
were judged long by default, and elbow-length ones are borderline. Trained on some three thousand garments: other
photos, colours and cuts are told less well, and then the calibration is too hopeful. Not meant to judge people.
""")


def _table(judged: dict[str, dict[str, Any]], validated: dict[str, Any]) -> str:
    rows = [
        (
            name,
            found["garments"],
            _with_interval(found, "accuracy") + _small(validated.get(name), "accuracy"),
            number(found["majority_accuracy"]),
            _with_interval(found, "macro_f1") + _small(validated.get(name), "macro_f1"),
            number(found["ece"]),
            number(found["asserted"], 2),
            number(found["asserted_right"]),
        )
        for name, found in judged.items()
    ]
    headings = ("garments", "accuracy", "always the commonest", "macro-F1", "ECE", "asserted", "right of these")
    return table(("", *headings), rows)


def _colours(metrics: dict[str, Any]) -> str:
    """Return a paragraph on the measured colours, which need no network."""
    found = metrics["colour"]
    if found is None:
        return ""
    return (
        f"Colours are measured, not learned: on {found['garments']} garments the first name is the judged one for "
        f"{_with_interval(found, 'top1')}, one of the first two for {_with_interval(found, 'top2')}. Black and navy "
        f"are confused for {found['black_navy_confused']:.3f}; taken as one name, the first is right for "
        f"{found['top1_black_navy_as_one']:.3f}."
    )


def _values(name: str, found: dict[str, Any]) -> str:
    rows = [(r["value"], r["garments"], number(r["recall"], 2), number(r["f1"], 2)) for r in found["per_value"]]
    return table((name, "garments", "recall", "F1"), rows) + "\n"


def _small(found: dict[str, Any] | None, key: str) -> str:
    return f"<br><sub>{found[key]:.3f}</sub>" if found else ""


def _categories(found: dict[str, Any] | None) -> str:
    """Return a table of the kinds category by category; nothing where they are not told."""
    if found is None:
        return ""
    keys = ("category", "garments", "accuracy", "top3", "commonest", "commonest_accuracy")
    rows = [[number(row[k], 2) if isinstance(row[k], float) else row[k] for k in keys] for row in found["per_category"]]
    headings = ("kind, by category", "garments", "first guess right", "one of three", "commonest", "always naming it")
    return table(headings, rows) + "\n\n"


def _with_interval(found: dict[str, Any], key: str) -> str:
    interval = found[f"{key}_ci"]
    return number(found[key]) + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else "")
