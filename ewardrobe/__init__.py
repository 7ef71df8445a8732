"""eWardrobe: photographs of clothes in, a digital wardrobe out; everything on this machine."""

__version__ = "0.1.0"
