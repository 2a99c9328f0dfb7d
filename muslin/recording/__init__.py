"""What goes on while `muslin record` runs: the check before, keys and panel, disk and markers.

`run` takes open sources and ends with their files; `muslin.record` opens the sources. `study` reads
what is known beforehand of subject, protocol and calibrations.
"""
