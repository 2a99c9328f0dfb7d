"""One TOML says what a garment sends; from it come the descriptor and the firmware's header."""

import numpy as np

from firmware_bridge.codegen import c_header
from firmware_bridge.schema import GarmentSchema
from firmware_bridge.schema_toml import garment_from_toml

TOML = """
[device]
vendor = "org.example"
name = "posture-vest"
hw = "b2"
schema = 1

[[stream]]
id = 1
name = "back"
rate_hz = 50
rates_hz = [25, 50]
max_latency_ms = 250
store = true

[[stream.channel]]
name = ["upper", "middle", "lower"]
unit = "%"
kind = "strain"
bits = 12
signed = false
scale = 0.0125
offset = 100
"""
schema = garment_from_toml(TOML)
descriptor = schema.to_cbor()
print(f"{schema.name}: {len(descriptor)} bytes say everything, hash {schema.sha256().hex()[:8]}")
print(
    "a host that reads them knows the same garment:", GarmentSchema.from_cbor(descriptor) == schema
)
header = c_header(schema)
print("C header:", len(header.splitlines()), "lines, for example")
print("\n".join([line for line in header.splitlines() if "BACK" in line][:5]))

channel = schema.streams[0].channels[0]
counts = np.array([100, 900, 1700])
print("counts", counts.tolist(), "are", ((counts - channel.offset) * channel.scale).tolist(), "%")

try:
    garment_from_toml(TOML.replace("bits = 12", "bits = 40"))
except ValueError as error:
    print("refused:", error)
