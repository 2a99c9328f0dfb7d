"""Errors of the sensor half.

WearablesError
├── SignalError (ValueError)       a setting or an array that makes no sense
├── SessionError (ValueError)      a session file that cannot be used
│   └── UnreadableError            the HDF5 library hung or crashed on it
├── LinkError (ConnectionError)    a garment that cannot be reached or refuses
└── ModelError (ValueError)        weights or windows that do not fit
"""


class WearablesError(Exception):
    """Base of all errors raised here."""


class SignalError(WearablesError, ValueError):
    """A setting or an array that makes no sense."""


class SessionError(WearablesError, ValueError):
    """A session file that cannot be used."""


class UnreadableError(SessionError):
    """A session file so damaged that the HDF5 library hung or crashed on it."""


class LinkError(WearablesError, ConnectionError):
    """A garment that cannot be reached, or that refuses."""


class ModelError(WearablesError, ValueError):
    """Weights, windows or labels that do not fit together."""
