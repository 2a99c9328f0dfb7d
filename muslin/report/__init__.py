"""Pages that can be mailed: one file each, nothing from outside."""
