"""Pattern files: a reader or writer each for DXF, SVG, GarmentCode, FreeSewing and PDF."""
