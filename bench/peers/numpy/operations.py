"""What NumPy does of the operations suite: masks, casts to disk, and transposes to disk.

Arrays that are written are on the disk when the clock stops, as ours are, and are compared by the CRC-32 of
their elements after that.
"""

import os

import numpy as np
from numpy.lib.format import open_memmap

from protocol import measured, timed

PIECE = 64 << 20  # bytes that a loop has in memory


def masks(path, params):
    """Frame by frame would be slower, and all at once would need four times the memory: a matrix product of a
    number of frames at a time, in float32, which holds the results exactly."""
    stack = np.load(params["masks"]).astype("f4")
    weights = np.ascontiguousarray(stack.reshape(len(stack), -1).T)

    def run():
        array = np.load(path, mmap_mode="r")
        frames = array.reshape(-1, weights.shape[0])
        out = np.empty((len(frames), len(stack)), "f4")
        step = max(1, PIECE // (4 * weights.shape[0]))
        for i in range(0, len(frames), step):
            out[i:i + step] = frames[i:i + step].astype("f4") @ weights
        return out

    result, seconds = timed(run)
    return {"result": result.ravel().tolist(), "seconds": seconds}


def synced(path):
    with open(path, "rb+") as f:
        os.fsync(f.fileno())


def written(out, run):
    """Times what writes out, which the runner reads and removes."""
    _, report = measured(lambda: (run(), synced(out)))
    return {"files": [out], **report}


def cast(path, params):
    return written(params["out"], lambda: np.save(params["out"], np.load(path, mmap_mode="r").astype(params["dtype"])))


def cast_loop(path, params):
    def run():
        array = np.load(path, mmap_mode="r")
        out = open_memmap(params["out"], mode="w+", dtype=params["dtype"], shape=array.shape)
        step = max(1, PIECE // (array.itemsize * (array.size // len(array))))
        for i in range(0, len(array), step):
            out[i:i + step] = array[i:i + step]
        out.flush()

    return written(params["out"], run)


def axes_of(params):
    return tuple(int(d) for d in params["axes"].split(","))


def transpose(path, params):
    def run():
        array = np.load(path, mmap_mode="r").transpose(axes_of(params))
        out = open_memmap(params["out"], mode="w+", dtype=array.dtype, shape=array.shape)
        out[...] = array
        out.flush()

    return written(params["out"], run)


def transpose_loop(path, params):
    """A piece of the result at a time, copied in memory first: what one writes who knows how memory works."""
    def run():
        array = np.load(path, mmap_mode="r").transpose(axes_of(params))
        out = open_memmap(params["out"], mode="w+", dtype=array.dtype, shape=array.shape)
        step = max(1, PIECE // (array.itemsize * (array.size // len(array))))
        for i in range(0, len(array), step):
            out[i:i + step] = np.ascontiguousarray(array[i:i + step])
        out.flush()

    return written(params["out"], run)


def mapped(path, params):
    """A piece at a time to float32."""
    def run():
        array = np.load(path, mmap_mode="r")
        out = open_memmap(params["out"], mode="w+", dtype="f4", shape=array.shape)
        step = max(1, PIECE // (array.itemsize * (array.size // len(array))))
        for i in range(0, len(array), step):
            out[i:i + step] = array[i:i + step] * np.float32(0.25) + np.float32(1)
        out.flush()

    return written(params["out"], run)


def moments(path, params):
    """Mean and standard deviation over the navigation axes, a row of frames at a time: std() of all would need eight
    times the memory of the file."""
    def run():
        array = np.load(path, mmap_mode="r")
        total, squares = (np.zeros(array.shape[2:]) for _ in range(2))
        for row in array:
            total += row.sum(axis=0)
            squares += np.square(row, dtype="f8").sum(axis=0)
        n = array.shape[0] * array.shape[1]
        mean = total / n
        return [mean, np.sqrt(squares / n - mean * mean)]

    results, report = measured(run)
    return {"result": np.concatenate([r.ravel() for r in results]).tolist(), **report}


TASKS = {"masks": masks, "cast": cast, "cast-loop": cast_loop, "transpose": transpose, "transpose-loop": transpose_loop,
         "map": mapped, "moments": moments}
