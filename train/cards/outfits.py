"""Write the card of the outfit model from its manifest entry and the figures that were measured on its very weights.

python -m ewardrobe evaluate-outfits --data DATA/outfits_validation.json --json weights/outfits.metrics.json
python -m train.cards.outfits
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ewardrobe.core import atomic
from ewardrobe.evaluation.outfits import verdicts
from ewardrobe.models.weights import WeightsError, verified_path, weights_dir
from ewardrobe.outfits.compatibility import FEATURES, NAME
from train.cards.markdown import wrapped
from train.cards.metrics import read_metrics


def table(rows: list[dict]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| method | FITB | 95 % | AUC | 95 % |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        fitb, auc = (f"{low:.3f} … {high:.3f}" for low, high in (row["fitb_ci"], row["auc_ci"]))
        lines.append(f"| {row['method']} | {row['fitb']:.3f} | {fitb} | {row['auc']:.3f} | {auc} |")
    return "\n".join(lines)


def card(entry: dict, metrics: dict) -> str:
    """Return the model card as Markdown."""
    meta = metrics["meta"]
    told = "\n".join(f"- {line}" for line in verdicts(metrics["rows"]))
    return wrapped(f"""# Outfit compatibility

How likely two garments were chosen to be worn together: a bilinear form of their attributes ({FEATURES} numbers a
garment: category, pattern, material, style, probabilities of colour names), one for each pair of slots, and weights for
what they have in common. Plain numbers in JSON; no picture is looked at.

| | |
|---|---|
| file | `{entry["file"]}`, {entry["bytes"]:,} bytes, sha256 `{entry["sha256"]}` |
| licence | {entry["licence"]} |
| trained on | {entry["data"]}: {entry["images"]} outfits |
| command | `{entry["command"]}` |
| commit, date | {entry["commit"][:12]}, {entry["date"]} |

## Figures

{meta["outfits"]} outfits of {meta["data"]}, {meta["date"][:10]}, by `{meta["command"]}`. Fill in the blank (FITB): the
true garment among four of its slot, chance 0.25. AUC: real outfits against thrown-together ones, chance 0.5. “combined”
is what the app ranks by, as far as photographs of strangers tell: weather, rotation and favourites have no part in it.

{table(metrics["rows"])}

{told}

## Use and limits

For one's own wardrobe. Learned from {entry["images"]} street-style photos, mostly of young women in one decade: it
knows their taste, not yours; likes and dislikes shift the weights in the app. The attributes of an outfit were judged
on one photo, by one pair of eyes, so garments of one outfit agree in style and material more than garments judged apart
would: expect less in a wardrobe whose attributes were guessed by a model. Slings, sling dresses and short sleeve
outwear are hardly in it. It knows colours by name only, since garments of one photo share its light.
""")


def document(folder: Path) -> tuple[Path, str]:
    """Return path and text of the card; ``WeightsError`` where the weights or their metrics are missing or old."""
    _, entry = verified_path(NAME, folder)
    return folder / f"{NAME}.md", card(entry, read_metrics(NAME, entry, folder))


def main(argv=None) -> int:
    """Write ``weights/outfits.md``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args(argv)
    try:
        path, text = document(weights_dir())
    except WeightsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    atomic.write_bytes(path, text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
