"""Signals by HyperSpy, and what rosettasciio says of .npy files.

    judges_hyperspy.py SEED COUNT DIRECTORY

writes COUNT cases of two kinds.

"reader" is a file and what rosettasciio.numpy.file_reader gives for it, as far as that is right: the dictionaries of
the axes, which leave out those of length one, and the elements. Navigation axes below zero are not known to it, so
it is asked with the axes that they mean. Left out are arrays of no elements, whose axes contradict their data, and
lazy reading of Fortran order, which is wrong. Lazy reading of C order is compared with eager reading here.

"signal" is an operation of HyperSpy on a signal of that file, and its result with the axes it then has:
rebin by whole factors, cropping by inav and isig, by position and by calibrated value, sum, mean, and map.
HyperSpy numbers axes from the fastest: navigation axes x, y, …; the axes in this file's lists are in the order of the array.
"""

import logging
import os
import random
import sys
import warnings

import numpy as np

os.environ.setdefault("MPLBACKEND", "agg")

import hyperspy.api as hs
from rsciio.numpy import file_reader

from judges_data import Cases, random_array, random_chunks, random_shape

DTYPES = ["u1", "u2", ">u2", "i4", "f4", "f8", "?", "F"]


def axes_of(signal):
    """The axes of the data in the order of the array."""
    axes = sorted(signal.axes_manager._axes, key=lambda ax: ax.index_in_array)
    return [{"size": ax.size, "scale": ax.scale, "offset": ax.offset, "units": str(ax.units) if isinstance(ax.units, str) else "",
             "name": str(ax.name) if isinstance(ax.name, str) else "", "navigate": bool(ax.navigate)} for ax in axes]


def reader(rng, generator, cases):
    shape = random_shape(rng, (1, 2, 3, 4, 5), empty=0)
    x = random_array(rng, generator, rng.choice(DTYPES), shape)
    navigation = rng.sample(range(len(shape)), rng.randint(0, len(shape)))
    path = cases.path("_in.npy")
    fortran = rng.random() < 0.3
    np.save(path, np.asfortranarray(x) if fortran else x)
    (eager,) = file_reader(path, navigation_axes=navigation or rng.choice([None, []]))
    if np.load(path).flags.c_contiguous:
        (lazy,) = file_reader(path, lazy=True, navigation_axes=navigation)
        same = np.array_equal(lazy["data"].compute(scheduler="synchronous"), eager["data"], equal_nan=x.dtype.kind in "fc")
        # A dask array is squeezed by dask; the lists of axes are those of the array before.
        if not same or lazy["axes"] != eager["axes"]:
            raise SystemExit("rosettasciio reads %s in two ways" % path)
    if eager["metadata"] or eager["original_metadata"]:
        raise SystemExit("rosettasciio found metadata in %s" % path)
    given = [d - len(shape) if rng.random() < 0.3 else d for d in navigation]
    cases.add(kind="reader", inputs=[os.path.basename(path)], navigation=given, axes=eager["axes"],
              expected=cases.save("_out.npy", eager["data"]), chunks=["auto", random_chunks(rng, shape)])


def random_signal(rng, generator, cases):
    """A calibrated signal of 1 or 2 signal axes and 0 to 2 navigation axes, in a file."""
    nav, sig = rng.choice([(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2), (2, 2)])
    shape = tuple(rng.choice([4, 6, 8, 12, rng.randint(2, 9)]) for _ in range(nav + sig))
    x = generator.integers(0, 200, shape).astype(rng.choice(["u1", "u2", "i4", "f4", "f8"]))
    signal = hs.signals.Signal1D(x) if sig == 1 else hs.signals.Signal2D(x)
    axes = []
    for d, ax in enumerate(sorted(signal.axes_manager._axes, key=lambda ax: ax.index_in_array)):
        ax.scale, ax.offset = rng.choice([1.0, 0.5, 0.25, 2.0]), rng.choice([0.0, 10.0, -3.0])
        ax.name, ax.units = rng.choice([("", ""), ("axis %d" % d, "nm")])
    axes = axes_of(signal)
    return signal, x, axes, cases.save("_in.npy", x, rng)


def signal(rng, generator, cases):
    s, x, axes, path = random_signal(rng, generator, cases)
    manager = s.axes_manager
    op = rng.choice(["rebin", "rebin", "inav", "isig", "sum", "mean", "map"])
    case, out = {"op": op}, None
    if op == "rebin":
        factors = [rng.choice([f for f in (1, 2, 3, 4) if n % f == 0]) for n in x.shape]
        hyperspy_order = manager.navigation_axes + manager.signal_axes
        out = s.rebin(scale=[factors[ax.index_in_array] for ax in hyperspy_order])
        case["factors"] = factors
    elif op in ("inav", "isig"):
        chosen = manager.navigation_axes if op == "inav" else manager.signal_axes
        if not chosen:
            return
        bounds = []
        for ax in chosen:
            start = rng.randint(0, ax.size - 1)
            stop = rng.randint(start + 1, ax.size)
            if rng.random() < 0.5:
                bounds.append((start, stop))
            else:  # by value: the positions nearest to it
                bounds.append((float(ax.axis[start]), float(ax.offset + ax.scale * stop) if stop < ax.size else None))
        out = getattr(s, op)[tuple(slice(*bound) for bound in bounds)]
        case["index"] = ", ".join(":".join("" if x is None else repr(x) for x in bound) for bound in bounds)
    elif op in ("sum", "mean"):
        over = rng.choice(["navigation", "signal"])
        chosen = manager.navigation_axes if over == "navigation" else manager.signal_axes
        if not chosen:
            return
        out = getattr(s, op)(axis=chosen)
        case["over"] = [ax.index_in_array for ax in chosen]
        if len(chosen) == x.ndim:
            case["scalar"] = True
    else:
        if not manager.navigation_axes:
            return
        out = s.map(lambda frame: frame * 2.0 - frame.min(), inplace=False, show_progressbar=False, lazy_output=False)
    data = np.asarray(out.data)
    cases.add(kind="signal", inputs=[path], before=axes, axes=[] if case.get("scalar") else axes_of(out),
              navigation=[ax.index_in_array for ax in manager.navigation_axes],
              expected=cases.save("_out.npy", data), chunks=["auto", random_chunks(rng, x.shape)], **case)


def main(seed, count, directory):
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    np.seterr(all="ignore")
    hs.preferences.General.show_progressbar = False
    rng, generator = random.Random(seed), np.random.default_rng(seed)
    cases = Cases(directory, "cases.jsonl")
    while cases.count < count:
        (reader if rng.random() < 0.5 else signal)(rng, generator, cases)
    cases.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
