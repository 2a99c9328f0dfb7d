"""A sensor garment and its sensors: plans, files, places on panels and meshes, needs, checks."""
