"""Training batches as they are read by generators for Keras, in a given order."""

import zlib

import numpy as np

from batches import files, report
from protocol import timed


def load(path, params):
    """A generator that opens its archive for each batch, as they all do: what np.load gives cannot be shared by processes."""
    return report(np.load(params["order"]), lambda rows: np.load(path)["x"][rows])


def memory_map(path, params):
    array = np.load(path, mmap_mode="r")
    return report(np.load(params["order"]), lambda rows: array[rows])


def volumes(path, params):
    """The reader of DLIO, with which MLPerf Storage measures: a list of arrays, not a stack of them."""
    paths = files(path)
    return report(np.load(params["order"]), lambda rows: [np.load(paths[i], allow_pickle=True)["x"] for i in rows])


def crc32(path, params):
    data = np.ones(int(params["bytes"]), "u1")
    return {"result": [], "seconds": timed(lambda: zlib.crc32(data))[1]}


TASKS = {"batches-load": load, "batches-map": memory_map, "batches-volumes": volumes, "crc32": crc32}
