"""Names of a garment on the air: services, characteristics, advertising."""

GARMENT_SERVICE_UUID = "7a1e0001-5b0d-4c3e-9f52-1d6c0a77e001"
DATA_UUID = "7a1e0002-5b0d-4c3e-9f52-1d6c0a77e001"
INFO_UUID = "7a1e0003-5b0d-4c3e-9f52-1d6c0a77e001"
SMP_SERVICE_UUID = "8d53dc1d-1db7-4cd3-868b-8a527460aa84"
SMP_UUID = "da2e7828-fbce-4e01-ae9e-261174997c48"
COMPANY_TEST = 0xFFFF
"""Bluetooth company number for tests; a product puts its own here."""
