"""Training scripts: ``python -m train.unet``, ``train.yolo``, ``train.mask_rcnn``; they write what the app loads."""

import sys

from ewardrobe.core import process

try:
    process.configure()  # before any of them imports torch or ultralytics
except process.SettingError as error:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(2) from None
