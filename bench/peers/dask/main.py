"""dask.array with its threaded scheduler.

Files are read as its documentation recommends for memory maps: one delayed
np.load(mmap_mode="r") per block of the leading axes, because from_array on a
memory map copies the whole array into memory first.
"""

import dask
import dask.array as da
import numpy as np
from dask.array.core import normalize_chunks

from protocol import main, repeat, timed


def plan(path, params):
    shape = tuple(int(n) for n in params["shape"].split(","))
    chunks = tuple(int(n) for n in params["chunks"].split(","))
    grid = normalize_chunks(chunks, shape=shape, dtype="f8")
    first, median = repeat(
        int(params.get("repeat", 100)), lambda: normalize_chunks(chunks, shape=shape, dtype="f8")
    )
    blocks = 1
    for axis in grid:
        blocks *= len(axis)
    return {"result": [blocks], "seconds": median, "extra": {"first": first}}


def lazy_array(path):
    """One block per slab of the leading axis, of dask's own default size."""
    header = np.load(path, mmap_mode="r")
    spec = ("auto",) + (-1,) * (header.ndim - 1)
    rows = normalize_chunks(spec, shape=header.shape, dtype=header.dtype)[0]
    load = dask.delayed(lambda start, stop: np.load(path, mmap_mode="r")[start:stop], pure=True)
    blocks, start = [], 0
    for n in rows:
        block = load(start, start + n)
        blocks.append(da.from_delayed(block, shape=(n,) + header.shape[1:], dtype=header.dtype))
        start += n
    return da.concatenate(blocks, axis=0)


def reduce(axis):
    def task(path, params):
        def run():
            return np.asarray(lazy_array(path).sum(axis=axis).compute(scheduler="threads"))

        result, seconds = timed(run)
        return {"result": result.ravel().tolist(), "seconds": seconds}

    return task


main({
    "plan": plan,
    "sum": reduce(None),
    "sum-signal": reduce((2, 3)),
    "sum-navigation": reduce((0, 1)),
})
