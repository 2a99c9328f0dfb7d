"""The sensor half: from garments and other sensors to sessions, signals and activities.

The way of the data: a source (`ble`, `wire`, `profiles`, `sources`) yields `events`; `sessions`
records them and reads them back in SI with every gap; `signals` filters and finds, `activity`
classifies. Heavy libraries stand behind one room each and load when they are used: bleak and bumble
behind `ble`, h5py behind `sessions`, torch behind `activity`.
"""
