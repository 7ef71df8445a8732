"""Write a synthetic data set: ``python -m ewardrobe.datasets.synthetic OUT --count N``."""

from ewardrobe.datasets.synthetic.export import main

raise SystemExit(main())
