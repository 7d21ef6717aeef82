"""Training batches as they are read by generators for Keras and data sets for PyTorch, in a given order."""

import glob
import re
import zlib

import numpy as np

from protocol import timed

CHECKED = 2  # batches that contenders are compared by


def report(order, take):
    """Take each batch; report the time of one. What is compared is read again, when the clock has stopped."""
    def run():
        for rows in order:
            batch = take(rows)
        return batch

    _, seconds = timed(run)
    total, nbytes = 0, 0
    for rows in order[:CHECKED]:
        batch = np.ascontiguousarray(take(rows))
        total, nbytes = zlib.crc32(batch, total), nbytes + batch.nbytes
    return {"result": [nbytes, total], "seconds": seconds / len(order)}


def load(path, params):
    """A generator that opens its archive for each batch, as they all do: what np.load gives cannot be shared by processes."""
    return report(np.load(params["order"]), lambda rows: np.load(path)["x"][rows])


def memory_map(path, params):
    array = np.load(path, mmap_mode="r")
    return report(np.load(params["order"]), lambda rows: array[rows])


def natural(path):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path)]


def volumes(path, params):
    """The reader of DLIO, with which MLPerf Storage measures: a list of arrays, not a stack of them."""
    files = sorted(glob.glob(path), key=natural)
    return report(np.load(params["order"]), lambda rows: [np.load(files[i], allow_pickle=True)["x"] for i in rows])


def crc32(path, params):
    data = np.ones(int(params["bytes"]), "u1")
    return {"result": [], "seconds": timed(lambda: zlib.crc32(data))[1]}


TASKS = {"batches-load": load, "batches-map": memory_map, "batches-volumes": volumes, "crc32": crc32}
