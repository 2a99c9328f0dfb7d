"""From motion to what the channels would send: gauges, pads, modules, noise and counts."""
