"""NumPy: np.load with a memory map, then the array's own methods, one thread."""

import numpy as np

from protocol import main, repeat, timed


def open_(path, params):
    array = np.load(path, mmap_mode="r")
    first, median = repeat(int(params.get("repeat", 100)), lambda: np.load(path, mmap_mode="r"))
    return {"result": list(array.shape) + [array.itemsize], "seconds": median, "extra": {"first": first}}


def reduce(axis):
    def task(path, params):
        def run():
            return np.asarray(np.load(path, mmap_mode="r").sum(axis=axis))

        result, seconds = timed(run)
        return {"result": result.ravel().tolist(), "seconds": seconds}

    return task


main({
    "open": open_,
    "sum": reduce(None),
    "sum-signal": reduce((2, 3)),
    "sum-navigation": reduce((0, 1)),
})
