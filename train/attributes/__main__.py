"""``python -m train.attributes``."""

import sys

from train.attributes import train
from train.loop.trainer import main

if __name__ == "__main__":
    sys.exit(main(train.AttributesConfig, train.AttributesTask, train.__doc__))
