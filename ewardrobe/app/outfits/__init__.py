"""The outfits page: suggestions, calendar, packing, canvas, taste."""
