"""Reads what WriteSignal wrote, with RosettaSciIO and HyperSpy, and says what they make of it.

    signals.py DIR    reads every .npy in DIR and prints one JSON object for each
"""

import json
import pathlib
import sys
import warnings

warnings.simplefilter("ignore")

import hyperspy.api as hs
import numpy as np
from rsciio.numpy import file_reader


def named_floats(d):
    """The hook that docs/signals.md gives for reading NaN and infinities."""
    return float(d["__float__"]) if d.keys() == {"__float__"} else d


def axes_of(signal):
    """The axes of a HyperSpy signal, in the order of the array."""
    axes = sorted(signal.axes_manager._axes, key=lambda a: a.index_in_array)
    return [
        {
            "name": str(a.name),
            "units": str(a.units),
            "size": a.size,
            "navigate": bool(a.navigate),
            "uniform": bool(a.is_uniform),
            "values": [float(v) for v in a.axis],
        }
        for a in axes
    ]


def signal_of(path):
    """A HyperSpy signal from an array and its sidecar, as docs/signals.md does it."""
    with open(f"{path}.signal.json", encoding="utf-8") as f:
        d = json.load(f, object_hook=named_floats)["signal"]
    return hs.signals.BaseSignal(
        np.load(path),
        axes=d["axes"],
        metadata=d["metadata"],
        original_metadata=d["original_metadata"],
    )


def sliced(signal):
    """The same slices and sums that the Go test makes."""
    if signal.data.shape != (3, 4, 5):
        return []
    cuts = [
        signal.inav[1, 2],
        signal.inav[12.0:16.0, ::-1],
        signal.inav[11.0, -0.75],
        signal.isig[1:3],
        signal.isig[3.0:9.0],
        signal.sum(signal.axes_manager.signal_axes),
        signal.sum(signal.axes_manager.navigation_axes),
    ]
    return [{"axes": squeezed(s), "elements": np.ravel(s.data).astype(float).tolist()} for s in cuts]


def squeezed(signal):
    """The axes without those that HyperSpy keeps for a signal of no axes."""
    return [a for a in axes_of(signal) if a["size"] != 1 or a["name"] not in ("<undefined>", "Scalar")]


def main(folder):
    for path in sorted(pathlib.Path(folder).glob("*.npy")):
        eager = file_reader(str(path))[0]
        lazy = file_reader(str(path), lazy=True)[0] if np.load(path).ndim else eager
        loaded = hs.load(str(path))
        described = signal_of(path)
        print(
            json.dumps(
                {
                    "file": path.name,
                    "axes_read": [a["size"] for a in eager["axes"]],
                    "elements": np.ravel(eager["data"]).astype(float).tolist(),
                    "lazy": np.array_equal(np.asarray(lazy["data"]), eager["data"]),
                    "loaded": np.array_equal(loaded.data.squeeze(), eager["data"]),
                    "axes": axes_of(described),
                    "title": described.metadata.General.title,
                    "slices": sliced(described),
                }
            )
        )


main(sys.argv[1])
