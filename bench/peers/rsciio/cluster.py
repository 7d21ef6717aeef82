"""rosettasciio's memmap_distributed, computed by processes of dask.distributed on this machine.

The cluster is started, and has computed something, before the clock starts.
"""

import contextlib
import os

import dask
import dask.array as da
import numpy as np
from rsciio.utils.file import memmap_distributed

from protocol import elements, timed

BLOCKS = (32, 32, -1, -1)


@contextlib.contextmanager
def cluster(cores):
    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=cores, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as local, Client(local):
        da.ones((64, 64), chunks=(8, 8)).std().compute()
        yield


def header(path):
    """The dtype and shape of a file, and where its elements begin."""
    array = np.load(path, mmap_mode="r")
    return array.dtype, array.shape, array.offset


def scan(path):
    dtype, shape, offset = header(path)
    return memmap_distributed(path, dtype, offset=offset, shape=shape, chunks=BLOCKS)


def reduce(path, params):
    def run():
        data = scan(path)
        return dask.compute(data.sum(axis=(2, 3)), data.std())

    with cluster(int(params["cores"])):
        (sums, std), seconds = timed(run)
    return {"result": sums.ravel().tolist() + [round(1000 * float(std))], "seconds": seconds}


class Blocks:
    """What da.store writes to: every worker maps the file itself."""

    def __init__(self, path, dtype, shape):
        self.path, self.dtype, self.shape = path, dtype, shape
        self.offset = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape).offset

    def __setitem__(self, index, block):
        np.memmap(self.path, self.dtype, "r+", self.offset, self.shape)[index] = block


def mapped(path, params):
    def run():
        data = scan(path) * np.float32(0.25) + np.float32(1)
        da.store(data, Blocks(params["out"], data.dtype, data.shape), lock=False)
        with open(params["out"], "r+b") as f:
            os.fsync(f.fileno())

    with cluster(int(params["cores"])):
        _, seconds = timed(run)
    result = elements(params["out"])
    os.remove(params["out"])
    return {"result": result, "seconds": seconds}


def plan(path, params):
    """The graph of a block per frame, of part of the file."""
    shape = tuple(int(n) for n in params["shape"].split(","))
    dtype, _, offset = header(path)
    data, seconds = timed(lambda: memmap_distributed(path, dtype, offset=offset, shape=shape, chunks=(1, 1, -1, -1)))
    return {"result": [int(np.prod(data.numblocks))], "seconds": seconds}
