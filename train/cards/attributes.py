"""The model card of the attribute network, from the manifest and from what ``evaluate-attributes`` measured."""

from __future__ import annotations

from ewardrobe.core.attributes import HEADS
from train.cards.markdown import wrapped

HEADINGS = ("garments", "accuracy", "always the commonest", "macro-F1", "ECE", "asserted", "right of these")


def card(entry: dict, metrics: dict) -> str:
    """Return the card as Markdown."""
    return wrapped(f"""# Attribute network

Pattern, material, style and sleeve length of one garment, from its masked crop and its category; the body is the
U-Net's encoder up to stride 16 with a narrow last stage.

| | |
|---|---|
| file | `{entry["file"]}`, {entry["bytes"]:,} bytes, sha256 `{entry["sha256"]}` |
| licence | {entry["licence"]} |
| trained on | {entry["data"]}; {entry["images"]:,} crops seen in {entry["steps"]:,} steps |
| command | `{entry["command"]}` |
| commit, date | {entry["commit"][:12]}, {entry["date"]} |

## Figures

{provenance(metrics)} Fractions of 1; in brackets 95 % intervals by bootstrap over the photos.

{table(metrics)}

Asserted: the share of garments for which the network is sure enough for the app to state a value; for the others it
asks. ECE: how far confidence and share of right answers lie apart. Always the commonest: what one gets by naming
{", ".join(f"{metrics[name]['majority']} ({name})" for name in HEADS if metrics[name])}.

{chr(10).join(_values(name, metrics[name]) for name in HEADS if metrics[name])}
Values with fewer than ten garments say little.

{colours(metrics)}

## Label noise, use and limits

The judgements are one person's, by eye, in one pass. Material is a guess: cotton, synthetic and silk look alike on a
photo. How often the same judge would agree with himself nobody has measured, so nobody knows how far above these
figures one could get. Style is a matter of opinion. Patterns are the most reliable of the three; "other" and "graphic"
overlap. The sleeve head does not see the category, from whose name its truth was taken; sleeves hidden under a jacket
were judged long by default, and elbow-length ones are borderline. Trained on some three thousand garments: other
photos, colours and cuts are told less well, and then the calibration is too hopeful. Not meant to judge people.
""")


def provenance(metrics: dict) -> str:
    """Return one sentence: on what, by which command and when the figures were measured."""
    meta = metrics["meta"]
    return (
        f"Measured on {meta['garments']} judged garments in {meta['images']} photos of {meta['data']}, split "
        f"{meta['split']}, under their annotated masks, on {meta['date'][:10]} with `{meta['command']}`."
    )


def table(metrics: dict) -> str:
    """Return a line for each head."""
    lines = ["| | " + " | ".join(HEADINGS) + " |", "|---|" + "---:|" * len(HEADINGS)]
    for name in HEADS:
        if (found := metrics[name]) is None:
            continue
        cells = [
            str(found["garments"]),
            _number(found["accuracy"], found["accuracy_ci"]),
            f"{found['majority_accuracy']:.3f}",
            _number(found["macro_f1"], found["macro_f1_ci"]),
            f"{found['ece']:.3f}",
            f"{found['asserted']:.2f}",
            "–" if found["asserted_right"] is None else f"{found['asserted_right']:.3f}",
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def colours(metrics: dict) -> str:
    """Return a paragraph on the measured colours, which need no network."""
    found = metrics["colour"]
    if found is None:
        return ""
    return (
        f"Colours are measured, not learned: on {found['garments']} garments the first name is the judged one for "
        f"{_number(found['top1'], found['top1_ci'])}, one of the first two for "
        f"{_number(found['top2'], found['top2_ci'])}. Black and navy are confused for "
        f"{found['black_navy_confused']:.3f}; taken as one name, the first is right for "
        f"{found['top1_black_navy_as_one']:.3f}."
    )


def _values(name: str, found: dict) -> str:
    lines = [f"| {name} | garments | recall | F1 |", "|---|---:|---:|---:|"]
    for row in found["per_value"]:
        shown = ["–" if row[key] is None else f"{row[key]:.2f}" for key in ("recall", "f1")]
        lines.append(f"| {row['value']} | {row['garments']} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _number(value: float, interval: list[float] | None) -> str:
    return f"{value:.3f}" + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else "")
