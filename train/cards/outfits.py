"""Write the card of the outfit model from its manifest entry and the figures that were measured on its very weights.

python -m ewardrobe evaluate-outfits --data DATA/outfits_test.json --json weights/outfits.metrics.json
python -m ewardrobe evaluate-outfits --data DATA/outfits_validation.json --json weights/outfits.validation.json
python -m train.cards.outfits
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.evaluation.held_out import TEST
from ewardrobe.evaluation.metrics import number
from ewardrobe.evaluation.outfits import verdicts
from ewardrobe.models.weights import verified_path, weights_dir
from ewardrobe.outfits.compatibility import FEATURES, NAME
from train.cards.manifest import read_figures
from train.cards.markdown import provenance, table, wrapped
from train.cards.readme import BESIDE
from train.loop.config import exit_code, make_parser


def card(entry: dict[str, Any], metrics: dict[str, Any], validated: dict[str, Any] | None = None) -> str:
    """Return the model card as Markdown; validated: the figures of the validation, shown small."""
    beside = {row["method"]: row for row in validated["rows"]} if validated else {}

    def figure(row: dict[str, Any], key: str) -> tuple[str, str]:
        small = f"<br><sub>{beside[row['method']][key]:.3f}</sub>" if beside else ""
        return number(row[key]) + small, "{:.3f} … {:.3f}".format(*row[f"{key}_ci"])

    meta = metrics["meta"]
    small = BESIDE if beside else ""
    chosen = "" if meta.get("role") == TEST else "by which settings were chosen, so these figures flatter, "
    rows = [(row["method"], *figure(row, "fitb"), *figure(row, "auc")) for row in metrics["rows"]]
    told = "\n".join(f"- {line}" for line in verdicts(metrics["rows"]))
    return wrapped(f"""# Outfit compatibility

How likely two garments were chosen to be worn together: a bilinear form of their attributes ({FEATURES} numbers a
garment: category, pattern, material, style, probabilities of colour names), one for each pair of slots, and weights for
what they have in common. Plain numbers in JSON; no picture is looked at.

{provenance(entry, f": {entry['images']} outfits")}

## Figures

{meta["outfits"]} outfits of {meta["data"]}, {chosen}{meta["date"][:10]}, by `{meta["command"]}`. {small}

Fill in the blank (FITB): the
true garment among four of its slot, chance 0.25. AUC: real outfits against thrown-together ones, chance 0.5. “combined”
is what the app ranks by, as far as photographs of strangers tell: weather, rotation and favourites have no part in it.

{table(("method", "FITB", "95 %", "AUC", "95 %"), rows)}

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
    return folder / f"{NAME}.md", card(entry, *read_figures(NAME, entry, folder))


def main(argv: Sequence[str] | None = None) -> int:
    """Write ``weights/outfits.md``."""
    make_parser(__doc__).parse_args(argv)

    def work() -> None:
        path, text = document(weights_dir())
        atomic.write_bytes(path, text.encode())

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
