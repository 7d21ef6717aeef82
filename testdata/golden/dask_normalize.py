"""Write dask_normalize.jsonl: random cases of dask's normalize_chunks, one JSON
object per line, for the tests of package chunk.

    pip install numpy==2.4.6 'dask[array]==2026.8.0'
    python dask_normalize.py [CASES [SEED]] > dask_normalize.jsonl

Each line holds "chunks" (repr of the argument), "shape", "itemsize", "limit",
"previous" and either "result" or "error" (the exception's name). Chunk sizes
are run-length encoded: [[size, count], ...] per axis.
"""

import itertools
import json
import math
import random
import signal
import sys

import numpy as np
from dask.array.core import normalize_chunks

NICE = [1, 2, 3, 5, 7, 8, 16, 31, 32, 64, 100, 128, 255, 256, 333, 512, 1000, 1024, 2000, 4096, 10000, 65536]
LIMITS = [None, None, None, 1, 100, 1000, 27 * 1000, 125_000, 2**16, 10**6, 2**20, 2**24, 3**15, 2**27, 10**9]
BYTES = ["64MiB", "1 MiB", "100MB", "256 KiB", "1e6", "5.4 kB", "2k", "3Mi", "1GiB", "kiB", "12345", "0.5MB"]
MOST_CHUNKS = 200_000


def runs(sizes):
    return [[int(size), len(list(group))] for size, group in itertools.groupby(sizes)]


def explicit(rng, length):
    """Sizes that add up to length: a few runs of equal ones."""
    sizes = []
    while (rest := length - sum(sizes)) > 0 and len(sizes) < 3000:
        size = rng.randint(1, max(1, min(rest, rng.choice([2, 10, 100, rest]))))
        sizes += [size] * rng.randint(1, max(1, min(rest // size, rng.choice([1, 1, 5, 50, 2000]))))
    if rest > 0:
        sizes.append(rest)
    return tuple(sizes) or (0,)


def regular(length, size):
    return (size,) * (length // size) + ((length % size,) if length % size else ()) or (0,)


def axis(rng, length):
    kind = rng.random()
    if kind < 0.5:
        return "auto"
    if kind < 0.65:
        return rng.choice([-1, None])
    if kind < 0.9:
        return rng.choice([1, 2, 4, 7, 31, 50, 256, 5000])
    return explicit(rng, length)


def spec(rng, shape):
    kind = rng.random()
    if kind < 0.25:
        return "auto"
    if kind < 0.35:
        return rng.choice(BYTES)
    if kind < 0.4:
        return rng.choice([1, 3, 100, -1])
    axes = [axis(rng, n) for n in shape]
    if kind < 0.5:
        size = rng.choice(BYTES)
        axes = [size if a == "auto" else a for a in axes]
    if kind > 0.9:
        return {i: a for i, a in enumerate(axes) if rng.random() < 0.7}
    if len(shape) == 1 and not isinstance(axes[0], tuple):
        return (axes[0],)
    return tuple(axes)


def previous(rng, shape):
    axes = []
    for n in shape:
        kind = rng.random()
        if n == 0:
            axes.append((0,))
        elif kind < 0.3:
            axes.append((n,))
        elif kind < 0.45:  # one size alone: chunks of that size and a remainder
            axes.append((rng.randint(max(1, n // 3000), n),))
        elif kind < 0.75:
            axes.append(regular(n, rng.randint(max(1, n // 3000), n)))
        else:
            axes.append(explicit(rng, n))
    return tuple(axes)


def shape(rng):
    ndim = rng.choice([1, 1, 2, 2, 3, 3, 4, 4, 5, 6])
    dims = [rng.choice(NICE) if rng.random() < 0.7 else rng.randint(1, 3000) for _ in range(ndim)]
    if rng.random() < 0.03:
        dims[rng.randrange(ndim)] = 0
    return tuple(dims) if math.prod(dims) < 2**58 else shape(rng)  # sizes of real arrays are int64


def too_slow(signum, frame):
    raise TimeoutError


def case(rng):
    s = shape(rng)
    chunks = spec(rng, s)
    itemsize = rng.choice([1, 1, 2, 4, 8, 16, 3, 12])
    limit = rng.choice(LIMITS)
    if "'" in repr(chunks).replace("'auto'", ""):
        limit = None
    before = previous(rng, s) if rng.random() < 0.5 else None
    out = {
        "chunks": repr(chunks) if not isinstance(chunks, str) else chunks.join("''"),
        "shape": s,
        "itemsize": itemsize,
        "limit": limit,
        "previous": before and [runs(p) for p in before],
    }
    signal.alarm(10)
    try:
        result = normalize_chunks(chunks, s, limit, np.dtype(f"V{itemsize}"), before)
        if sum(map(len, result)) > MOST_CHUNKS:
            return None
        out["result"] = [runs(r) for r in result]
    except Exception as e:
        out["error"] = type(e).__name__
    finally:
        signal.alarm(0)
    return out


def main(cases=800, seed=20260817):
    signal.signal(signal.SIGALRM, too_slow)
    rng = random.Random(seed)
    written = 0
    while written < cases:
        if (c := case(rng)) and len(line := json.dumps(c, separators=(",", ":"))) < 1500:
            print(line)
            written += 1


main(*map(int, sys.argv[1:]))
