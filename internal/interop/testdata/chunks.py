"""Random chunk specs and what dask makes of them.

    chunks.py SEED COUNT

prints one JSON object per line: the spec as text, shape, itemsize, limit and
previous chunks; and either the chunks of every axis as runs [size, count], or
the error. "accident" marks what dask accepts without meaning to: it must be
refused.
"""

import itertools
import json
import random
import sys

import numpy as np
from dask.array.core import normalize_chunks

LENGTHS = [1, 2, 3, 5, 7, 16, 31, 64, 100, 255, 256, 400, 1000, 2000, 4096]
LIMITS = ["1MiB", "64MiB", "100MB", "256 KiB", "1e6", "5.4 kB", "10 MB"]
DTYPES = {1: "u1", 2: "u2", 4: "f4", 8: "f8", 16: "c16"}


def cut(rng, length):
    """Explicit sizes that add up to length."""
    if length == 0:
        return (0,)
    if rng.random() < 0.5:
        size = rng.randint(max(1, length // 40), length)
        rest = length % size
        return (size,) * (length // size) + ((rest,) if rest else ())
    sizes = []
    while sum(sizes) < length:
        sizes.append(rng.randint(1, length - sum(sizes)))
        if len(sizes) == 30:
            sizes.append(length - sum(sizes))
    return tuple(n for n in sizes if n)


def axis_spec(rng, length, limit):
    return rng.choice([
        lambda: "auto",
        lambda: "auto",
        lambda: limit,
        lambda: -1,
        lambda: None,
        lambda: rng.randint(1, length + 3),
        lambda: rng.randint(1, max(1, length // 3)),
        lambda: cut(rng, length),
    ])()


def random_spec(rng, shape):
    limit = rng.choice(LIMITS)
    form = rng.choice(["word", "tuple", "tuple", "tuple", "dict"])
    if form == "word":
        return rng.choice(["auto", limit, -1, rng.randint(1, max(shape) + 1)])
    axes = [axis_spec(rng, n, limit) for n in shape]
    if form == "dict":
        return {d: a for d, a in enumerate(axes) if rng.random() < 0.6 and a is not None}
    return tuple(axes)


def accident(rng, shape):
    """Specs that mean nothing."""
    d = rng.randrange(len(shape))
    return rng.choice([
        lambda: {len(shape) + 2: 5, 0: 1},
        lambda: {-1: 2},
        lambda: tuple(-3 if i == d else -1 for i in range(len(shape))),
        lambda: tuple(0 if i == d else -1 for i in range(len(shape))),
        lambda: 0,
        lambda: -7,
    ])()


def broken(rng, shape):
    """Specs that dask refuses."""
    d = rng.randrange(len(shape))
    return rng.choice([
        lambda: (-1,) * (len(shape) + 1),
        lambda: tuple((n, 1) if i == d else -1 for i, n in enumerate(shape)),
        lambda: tuple({d: "1MiB", (d + 1) % len(shape): "2MiB"}.get(i, -1) for i in range(len(shape))) + (-1,) * (len(shape) < 2),
        lambda: "12 parsecs",
        lambda: tuple(() if i == d else -1 for i in range(len(shape))) + (-1,) * (len(shape) < 2),
    ])()


def runs(chunks):
    return [[[int(size), len(list(group))] for size, group in itertools.groupby(axis)] for axis in chunks]


def one(rng):
    shape = tuple(rng.choice(LENGTHS) for _ in range(rng.randint(1, 5)))
    itemsize = rng.choice(list(DTYPES))
    kind = rng.choices(["spec", "accident", "broken"], [90, 5, 5])[0]
    if kind == "spec" and rng.random() < 0.04:
        shape = tuple(0 if rng.random() < 0.5 else n for n in shape)
    spec = {"spec": random_spec, "accident": accident, "broken": broken}[kind](rng, shape)
    limit = rng.choice([None, None, 1 << 20, 10**6, 32 << 20])
    if any(text in repr(spec) for text in LIMITS) and rng.random() < 0.9:
        limit = None  # a limit beside a byte size in the spec contradicts it
    previous = [cut(rng, n) for n in shape] if rng.random() < 0.3 else None
    out = {
        "spec": repr(spec),
        "shape": shape,
        "itemsize": itemsize,
        "limit": limit,
        "previous": runs(previous) if previous else None,
    }
    try:
        chunks = normalize_chunks(spec, shape=shape, limit=limit, dtype=np.dtype(DTYPES[itemsize]), previous_chunks=previous)
        out["chunks"] = runs(chunks)
    except Exception as e:
        out["error"] = "%s: %s" % (type(e).__name__, e)
    if kind == "accident":
        out["accident"] = True
    return out


def main(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        print(json.dumps(one(rng)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
