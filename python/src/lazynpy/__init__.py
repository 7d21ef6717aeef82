"""Lazy, memory-mapped .npy and .npz files: training batches straight from them.

    import lazynpy
    ds = lazynpy.feed("train/*.npz", inputs="x", targets="y", batch_size=32, shuffle=True, seed=1)
    for x, y in ds: ...

The work is done by the program ``lazynpy``, which this package carries and which is on PATH where it is installed.
"""

from ._binary import binary
from ._errors import ChangedError, ConfigError, DataError, Error, FeederError, FeedMemoryError, MissingError, StateError
from ._feed import Batch, Feed, column, feed, window
from ._version import __version__

__all__ = [
    "Batch",
    "ChangedError",
    "ConfigError",
    "DataError",
    "Error",
    "Feed",
    "FeedMemoryError",
    "FeederError",
    "MissingError",
    "StateError",
    "__version__",
    "binary",
    "column",
    "feed",
    "window",
]
