"""Training scripts: ``python -m train.unet``, ``python -m train.yolo``; they write the weights that the app loads."""
