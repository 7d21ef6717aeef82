"""NumPy: np.load, with a memory map where there is one, then the array's own methods, one thread."""

import os
import statistics
import zlib

import numpy as np

import operations
import training
from protocol import main, measured, repeat, timed


def open_(path, params):
    array = np.load(path, mmap_mode="r")
    first, median = repeat(int(params.get("repeat", 100)), lambda: np.load(path, mmap_mode="r"))
    return {"result": list(array.shape) + [array.itemsize], "seconds": median, "extra": {"first": first}}


def reduce(axis):
    def task(path, params):
        def run():
            return np.asarray(np.load(path, mmap_mode="r").sum(axis=axis))

        result, report = measured(run)
        return {"result": result.ravel().tolist(), **report}

    return task


def sum_of(array):
    """What contenders are compared by: it is computed when the clock has stopped."""
    return [array.nbytes, zlib.crc32(np.ascontiguousarray(array))]


def npz_first(path, params):
    array, seconds = timed(lambda: np.load(path)["x"][:int(params["rows"])])
    return {"result": sum_of(array), "seconds": seconds}


def npz_load(path, params):
    array, seconds = timed(lambda: np.load(path)["x"])
    return {"result": sum_of(array), "seconds": seconds}


def npz_random(path, params):
    """There is no way to a piece but through the whole: the time is that of loading it, and of one slice."""
    reads, size = int(params.get("reads", 200)), int(params.get("size", 64 << 10))
    array, load = timed(lambda: np.load(path)["x"].reshape(-1).view(np.uint8))
    total, seconds, state = 0, [], 1
    for _ in range(reads):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        at = (state >> 11) % (array.nbytes - size)
        piece, t = timed(lambda: array[at:at + size].copy())
        seconds.append(t)
        total = zlib.crc32(piece, total)
    return {"result": [reads * size, total], "seconds": load + statistics.median(seconds)}


def npz_write(path, params):
    array, out = np.load(path), params["out"]
    _, seconds = timed(lambda: np.savez_compressed(out, x=array))
    result, size = sum_of(np.load(out)["x"]), os.path.getsize(out)
    os.remove(out)
    return {"result": result, "seconds": seconds, "extra": {"size": size}}


def npz_list(path, params):
    files, seconds = timed(lambda: np.load(path).files)
    return {"result": [len(files), sum(map(len, files))], "seconds": seconds}


def npz_sum(path, params):
    total, seconds = timed(lambda: np.load(path)["x"].sum())
    return {"result": [int(total)], "seconds": seconds}


main(operations.TASKS | training.TASKS | {
    "npz-first": npz_first,
    "npz-load": npz_load,
    "npz-random": npz_random,
    "npz-write": npz_write,
    "npz-list": npz_list,
    "npz-sum": npz_sum,
    "open": open_,
    "sum": reduce(None),
    "sum-signal": reduce((2, 3)),
    "sum-navigation": reduce((0, 1)),
})
