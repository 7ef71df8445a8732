"""The live view: camera, garments on the person, pictures kept."""
