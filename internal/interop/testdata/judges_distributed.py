"""Arrays for distributed runs, by rosettasciio's memmap_distributed where it can, and what NumPy makes of them.

    judges_distributed.py SEED COUNT DIRECTORY

writes COUNT cases: a file with or without a header, the arguments of memmap_distributed, what it gave, and the same
after a few operations. Where rosettasciio cannot be asked, or is wrong, NumPy's memory map is: with positions, for blocks of one
scan position along an axis and for Fortran order, see judges_positions.py; for arrays of no elements, which np.memmap refuses; for the
length of a file behind an offset, which it does not subtract.
"""

import math
import random
import sys
import warnings

import numpy as np
from rsciio.utils.file import memmap_distributed

from judges_data import Cases, random_array, random_chunks, random_shape

DTYPES = ["u1", "<u2", ">u2", "i4", "<f4", ">f8", "c8", "?"]
STRUCTURED = [("data", "<u2", (4, 3)), ("sec", ">u4"), ("flag", "?")]

# What the operations are in NumPy. All of them are exact, or correctly rounded.
OPERATIONS = {
    "absolute": np.absolute,
    "sqrt": np.sqrt,
    "add=1": lambda x: x + 1,
    "multiply=3": lambda x: x * 3,
    "maximum=2": lambda x: np.maximum(x, 2),
    "astype=f4": lambda x: x.astype("f4"),
    "astype=u1": lambda x: x.astype("u1"),
    "transpose": lambda x: x.T,
    "slice=::2": lambda x: x[::2],
    "isfinite": np.isfinite,
}


def structured(generator, shape):
    x = np.zeros(shape, np.dtype(STRUCTURED))
    x["data"] = generator.integers(0, 65536, x["data"].shape)
    x["sec"] = generator.integers(0, 1 << 32, shape)
    x["flag"] = generator.random(shape) < 0.5
    return x


def write(rng, path, array, case):
    """Writes the file, and returns its order, and where the elements begin."""
    order = rng.choice("CCF")
    if case["npy"]:
        np.save(path, np.asfortranarray(array) if order == "F" else np.ascontiguousarray(array))
        with open(path, "rb") as f:
            np.lib.format.read_magic(f)
            order = "F" if np.lib.format.read_array_header_1_0(f)[1] else "C"
            return order, f.tell()
    offset = rng.choice([0, 0, 16, 1000])
    with open(path, "wb") as f:
        f.write(b"\x5a" * offset + array.tobytes(order) + (b"\xa5" * rng.choice([0, 7]) if offset else b""))
    return order, offset


def scan_of(rng, generator, cases, case):
    """Frames at scan positions."""
    scan = tuple(rng.randint(2, 7) for _ in range(2))
    everywhere = list(np.ndindex(*scan))
    rng.shuffle(everywhere)
    positions = everywhere[: rng.choice([len(everywhere), rng.randint(2, len(everywhere))])]
    dtype = np.dtype(rng.choice(DTYPES))
    frames = random_array(rng, generator, dtype, (len(positions), rng.randint(2, 5), rng.randint(2, 5)))
    order, offset = write(rng, cases.path(case["inputs"][0]), frames, case)
    out = np.zeros(scan + frames.shape[1:], dtype)
    for i, position in enumerate(positions):
        out[position] = frames[i]
    nav = [next(c for c in range(2, n + 1) if n % c != 1) for n in scan]
    case |= {"positions": positions, "scan": scan, "spec": "(%d, %d, -1, -1)" % tuple(nav)}
    describe(case, frames, order, offset, frames.shape)
    if order == "F":
        return out
    theirs = memmap_distributed(cases.path(case["inputs"][0]), dtype, positions=positions, offset=offset, shape=out.shape, chunks=(*nav, -1, -1))
    return asked(case, theirs, out)


def whole(rng, generator, cases, case):
    """An array as it lies in the file."""
    key = ""
    if rng.random() < 0.3:
        key = rng.choice(["data", "sec", "flag"])
        array = structured(generator, random_shape(rng, (1, 2), 0))
    else:
        array = random_array(rng, generator, np.dtype(rng.choice(DTYPES)), random_shape(rng, (1, 2, 3, 4), 0.06 if case["npy"] else 0))
    path = cases.path(case["inputs"][0])
    order, offset = write(rng, path, array, case)
    case["key"] = key
    describe(case, array, order, offset, None if array.ndim == 1 and offset == 0 and rng.random() < 0.5 else array.shape)
    out = array[key] if key else array
    case["spec"] = random_chunks(rng, out.shape)
    if rng.random() < 0.3:
        case["spec"], case["limit"] = "auto", rng.choice([1, 64, 1000, 1 << 20])
    if array.size == 0:
        return out
    shape = None if case["raw"] and case["raw"]["shape"] is None else array.shape
    spec = case["spec"] if case["spec"] == "auto" else eval(case["spec"])
    theirs = memmap_distributed(path, array.dtype, offset=offset, shape=shape, order=order, chunks=spec, block_size_limit=case["limit"] or None, key=key or None)
    if spec != "auto":
        case["sizes"] = theirs.chunks
    return asked(case, theirs, out)


def describe(case, array, order, offset, shape):
    if not case["npy"]:
        dtype = str(array.dtype) if array.dtype.names else array.dtype.str
        case["raw"] = {"dtype": dtype, "order": order, "offset": offset, "shape": shape}


def asked(case, theirs, want):
    theirs = theirs.compute(scheduler="synchronous")
    if theirs.dtype != want.dtype or not np.array_equal(theirs, want, equal_nan=want.dtype.kind in "fc"):
        raise SystemExit("rosettasciio and NumPy differ: %s" % case)
    case["rsciio"] = True
    return theirs


def operated(rng, x):
    """A few operations that the array has, and what they give."""
    names = []
    for name in rng.sample(sorted(OPERATIONS), rng.choice([0, 0, 1, 2, 3])):
        if x.dtype.kind == "b" and name in ("absolute", "sqrt", "add=1", "multiply=3", "maximum=2"):
            continue
        if x.dtype.kind == "c" and (name.startswith("astype") or name in ("sqrt", "absolute", "maximum=2")):
            continue  # casts that drop a part, and rounding that is not defined
        if x.dtype.kind == "f" and name == "astype=u1":
            continue  # what C leaves open
        x = OPERATIONS[name](x)
        names.append(name)
    return names, x


def one(rng, generator, cases):
    case = {"npy": rng.random() < 0.5, "raw": None, "key": "", "positions": None, "scan": None, "limit": 0, "sizes": None, "rsciio": False,
            "error": "", "chunks": []}
    case["inputs"] = ["_in.npy" if case["npy"] else "_in.raw"]
    x = rng.choice([scan_of, whole, whole])(rng, generator, cases, case)
    case["map"], x = operated(rng, x)
    case["inputs"] = [cases.path(name).rsplit("/", 1)[1] for name in case["inputs"]]
    size = max(1, math.prod(x.shape) * x.itemsize)
    case |= {"write": rng.choice(["auto", "auto", "sync"]), "tasks": rng.randint(1, 5), "portion": rng.randint(1, size)}
    cases.add(expected=cases.save("_out.npy", x), **case)


def main(seed, count, directory):
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    rng, generator = random.Random(seed), np.random.default_rng(seed)
    cases = Cases(directory, "cases.jsonl")
    while cases.count < count:
        one(rng, generator, cases)
    cases.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
