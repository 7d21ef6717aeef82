"""What dask makes of neighbourhoods and of stacks of files.

    operations_dask.py SEED COUNT DIRECTORY

writes COUNT cases of two kinds.

"overlap" is da.map_overlap with a function that adds up, or takes the largest of, the elements
within depth along every axis, as far as there are any. Every boundary but "none" is judged a second
time with np.pad. Elements are integers, or floats whose sums are exact, so that results must be equal
bit for bit. Refused are depths below zero, and those beyond the array.

"files" is a directory: of da.to_npy_stack, which is the array again, or of .npy files of one shape, which is
np.stack of them in natural order. dask joins arrays as NumPy does (da.stack, da.concatenate); the script
holds it to that.
"""

import itertools
import os
import random
import sys
import warnings

import dask
import dask.array as da
import numpy as np

from judges_data import Cases, random_array, random_chunks, random_shape

PAD = {"reflect": "symmetric", "periodic": "wrap", "nearest": "edge"}


def window(x, depth, function):
    """The sum or maximum over the elements within depth of each, that exist."""
    out = None
    for shift in itertools.product(*[range(-d, d + 1) for d in depth]):
        to = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(shift, x.shape))
        of = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(shift, x.shape))
        if any(s.start >= s.stop for s in to):
            continue
        if out is None:
            out = x.copy()  # the element itself is counted here, and not below
        if any(shift):
            out[to] = np.maximum(out[to], x[of]) if function == "max" else out[to] + x[of]
    return x.copy() if out is None else out


def padded(x, depth, boundary, function):
    """The same by np.pad."""
    pad = [(d, d) for d in depth]
    wide = np.pad(x, pad, mode=PAD[boundary]) if boundary in PAD else np.pad(x, pad, constant_values=boundary)
    return window(wide, depth, function)[tuple(slice(d, d + n) for d, n in zip(depth, x.shape))]


def exact_array(rng, generator, shape):
    dtype = np.dtype(rng.choice(["i4", "i8", "u2", "f4", "f8", "f8"]))
    x = generator.integers(0 if dtype.kind == "u" else -1000, 1000, shape)
    return (x / 8 if dtype.kind == "f" else x).astype(dtype)


def overlap(rng, generator, cases):
    shape = random_shape(rng, empty=0)
    x = exact_array(rng, generator, shape)
    depth = [rng.randint(0, min(n, 3)) if rng.random() < 0.7 else 0 for n in shape]
    boundary = rng.choice(["none", "reflect", "periodic", "nearest", 0, 7])
    case = {"kind": "overlap", "inputs": [cases.save("_in.npy", x, rng)], "function": rng.choice(["sum", "max"]),
            "boundary": str(boundary), "error": ""}
    if rng.random() < 0.08:
        d = rng.randrange(len(shape))
        depth[d] = rng.choice([-1, -2, shape[d] + 1, shape[d] + 3])
        case |= {"error": "depth %d on an axis of %d" % (depth[d], shape[d])}
    case["depth"] = depth
    if not case["error"]:
        chunks = tuple(rng.randint(1, n) for n in shape)
        lazy = da.from_array(x, chunks=chunks)
        function, spread = case["function"], tuple(depth)
        made = da.map_overlap(lambda block: window(block, spread, function), lazy, depth=dict(enumerate(depth)),
                              boundary=boundary, dtype=x.dtype, meta=np.empty((0,) * len(shape), x.dtype))
        out = made.compute(scheduler="synchronous")
        if boundary != "none" and not np.array_equal(out, padded(x, depth, boundary, function)):
            raise SystemExit("dask and np.pad differ: %s, chunks %s" % (case, chunks))
        case |= {"expected": cases.save("_out.npy", out), "chunks": [random_chunks(rng, shape) for _ in range(2)]}
    cases.add(**case)


def files(rng, generator, cases):
    shape = random_shape(rng, (1, 2, 3), empty=0)
    folder = cases.path("_stack")
    dtype = np.dtype(rng.choice(["u1", "u2", "i4", "f4", "f8", "D"])).newbyteorder(rng.choice("<<>"))
    if rng.random() < 0.5:
        x = random_array(rng, generator, dtype.newbyteorder("="), shape)
        axis = rng.randrange(x.ndim)
        lazy = da.from_array(x, chunks=tuple(rng.randint(1, n) for n in shape))
        da.to_npy_stack(folder, lazy, axis)
        case = {"dask": True, "axis": axis}
    else:
        os.mkdir(folder)
        count = rng.choice([1, 3, 9, 11, 12, 101])
        parts = [random_array(rng, generator, dtype, shape) for _ in range(count)]
        name = rng.choice(["frame_%d.npy", "%d.npy", "scan2_%d_raw.npy", "x%03d.npy"])
        for i, part in enumerate(parts):
            np.save(os.path.join(folder, name % i), part)
        x = np.stack(parts)
        lazy = [da.from_array(p) for p in parts]
        if not np.array_equal(da.stack(lazy).compute(scheduler="synchronous"), x, equal_nan=True):
            raise SystemExit("da.stack and np.stack differ")
        joined = da.concatenate(lazy, axis=-1).compute(scheduler="synchronous")
        if not np.array_equal(joined, np.concatenate(parts, axis=-1), equal_nan=True):
            raise SystemExit("da.concatenate and np.concatenate differ")
        case = {"dask": False, "axis": 0}
    cases.add(kind="files", inputs=[os.path.basename(folder)], expected=cases.save("_out.npy", x), error="",
              chunks=[random_chunks(rng, x.shape) for _ in range(2)], **case)


def main(seed, count, directory):
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    rng, generator = random.Random(seed), np.random.default_rng(seed)
    cases = Cases(directory, "cases.jsonl")
    with dask.config.set(scheduler="synchronous"):
        while cases.count < count:
            (files if rng.random() < 0.3 else overlap)(rng, generator, cases)
    cases.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
