"""rosettasciio's memmap_distributed, computed by processes of dask.distributed on this machine.

The cluster is started, and has computed something, before the clock starts.
"""

import contextlib
import os.path

import dask
import dask.array as da
import numpy as np
from rsciio.utils.file import memmap_distributed

from protocol import measured, timed

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


def reduction(*reduce):
    """All of them in one pass."""
    def task(path, params):
        def run():
            data = scan(path)
            return dask.compute(*[r(data) for r in reduce])

        with cluster(int(params["cores"])):
            results, report = measured(run)
        return {"result": np.concatenate([np.ravel(r) for r in results]).tolist(), **report}

    return task


class Blocks:
    """What da.store writes to: every worker maps the file itself."""

    def __init__(self, path, dtype, shape):
        self.path, self.dtype, self.shape = path, dtype, shape
        self.offset = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape).offset

    def __setitem__(self, index, block):
        np.memmap(self.path, self.dtype, "r+", self.offset, self.shape)[index] = block


def written(derive):
    def task(path, params):
        out = os.path.join(params["out"], "theirs.npy")

        def run():
            data = derive(scan(path))
            da.store(data, Blocks(out, data.dtype, data.shape), lock=False)
            with open(out, "r+b") as f:
                os.fsync(f.fileno())

        with cluster(int(params["cores"])):
            _, report = measured(run)
        return {"files": [out], **report}

    return task


TASKS = {
    "cluster-sum-signal": reduction(lambda data: data.sum(axis=(2, 3))),
    "cluster-sum-navigation": reduction(lambda data: data.sum(axis=(0, 1))),
    "cluster-moments": reduction(lambda data: data.mean(axis=(0, 1)), lambda data: data.std(axis=(0, 1))),
    "cluster-map": written(lambda data: data * np.float32(0.25) + np.float32(1)),
    "cluster-transpose": written(lambda data: data.transpose(2, 3, 0, 1)),
}


def plan(path, params):
    """The graph of a block per frame, of part of the file."""
    shape = tuple(int(n) for n in params["shape"].split(","))
    dtype, _, offset = header(path)
    data, seconds = timed(lambda: memmap_distributed(path, dtype, offset=offset, shape=shape, chunks=(1, 1, -1, -1)))
    return {"result": [int(np.prod(data.numblocks))], "seconds": seconds}
