"""Training scripts: ``python -m train.unet``, ``train.yolo``, ``train.mask_rcnn``; they write what the app loads."""

import sys
from importlib.util import find_spec

from ewardrobe.core import process

try:
    process.configure()  # before any of them imports torch or ultralytics
except process.SettingError as error:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(2) from None

NEEDED = ("torch", "torchvision", "ultralytics", "lightning_fabric")
"""Packages without which no training begins; the app does without them."""

if missing := [name for name in NEEDED if not find_spec(name)]:
    cure = "pip install -r requirements.txt -r requirements-train.txt"
    print(f"error: training needs {', '.join(missing)}, not installed with the app: {cure}", file=sys.stderr)
    raise SystemExit(2)
