"""Training scripts: ``python -m train.unet``, ``train.yolo``, ``train.mask_rcnn``; they write what the app loads."""

from ewardrobe.core import process

process.configure()  # before any of them imports torch or ultralytics
