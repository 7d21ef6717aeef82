"""Frames at scan positions, by NumPy and by rosettasciio.

    judges_positions.py SEED COUNT DIRECTORY

writes COUNT cases: a file of frames one after the other, the position of each in a scan, and the scan with
the frames in their places and zeros where there is none. It is made by NumPy's assignment, and by
rosettasciio.utils.file.memmap_distributed(positions=...) where that works: not in blocks of one scan
position along an axis, on which it fails, and not in Fortran order, which it takes for C order.
"""

import random
import sys
import warnings

import numpy as np
from rsciio.utils.file import memmap_distributed

from judges_data import Cases, random_array, random_chunks

DTYPES = ["u1", "u2", ">u2", "i4", "f4", "f8", "F", "?"]


def by_rsciio(path, dtype, positions, shape, offset, nav_chunks):
    chunks = (*nav_chunks, -1, -1)
    return memmap_distributed(path, dtype, positions=positions, offset=offset, shape=shape, chunks=chunks).compute(scheduler="synchronous")


def one(rng, generator, cases):
    scan = tuple(rng.randint(1, 9) for _ in range(rng.choice([1, 2, 2, 2, 3])))
    frame = tuple(rng.randint(1, 6) for _ in range(2))
    everywhere = list(np.ndindex(*scan))
    rng.shuffle(everywhere)
    positions = everywhere[: rng.choice([len(everywhere), rng.randint(1, len(everywhere))])]
    if rng.random() < 0.5:
        positions.sort()
    dtype = np.dtype(rng.choice(DTYPES))
    frames = random_array(rng, generator, dtype, (len(positions),) + frame)
    fortran = rng.random() < 0.2
    path = cases.path("_in.npy")
    np.save(path, np.asfortranarray(frames) if fortran else frames)
    out = np.zeros(scan + frame, dtype)
    for i, position in enumerate(positions):
        out[position] = frames[i]
    case = {"inputs": [cases.path("_in.npy").rsplit("/", 1)[1]], "positions": positions, "scan": scan, "error": "", "rsciio": False}
    whole = fortran and not np.load(path).flags.c_contiguous
    if len(scan) == 2 and min(scan) > 1 and not whole:
        with open(path, "rb") as f:
            np.lib.format.read_magic(f)
            np.lib.format.read_array_header_1_0(f)
            offset = f.tell()
        # No block may be one position wide along an axis, the last not either.
        nav = [next(c for c in range(2, n + 1) if n % c != 1) for n in scan]
        theirs = by_rsciio(path, dtype, positions, scan + frame, offset, nav)
        if not np.array_equal(theirs, out, equal_nan=dtype.kind in "fc"):
            raise SystemExit("rosettasciio and NumPy differ: %s, chunks %s" % (case, nav))
        case["rsciio"] = True
    if rng.random() < 0.08:
        case["error"] = rng.choice(["beyond the scan", "below zero", "too few axes", "fewer positions than frames"])
        first = list(positions[0])
        case["positions"] = {
            "beyond the scan": [[scan[0]] + first[1:]] + positions[1:],
            "below zero": [[-1] + first[1:]] + positions[1:],
            "too few axes": [first[1:]] + positions[1:],
            "fewer positions than frames": positions[1:],
        }[case["error"]]
    else:
        case |= {"expected": cases.save("_out.npy", out), "chunks": [random_chunks(rng, out.shape) for _ in range(2)]}
    cases.add(**case)


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
