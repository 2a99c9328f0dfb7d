"""A sensor garment on one person: dressed, and each sensor read for place, pressure and strain."""
