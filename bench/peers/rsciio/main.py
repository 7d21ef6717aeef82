"""rosettasciio's lazy reading of .npy files, computed by dask's threaded scheduler, in the blocks that are
fastest for scans: 32 × 32 whole frames."""

import numpy as np
from rsciio.numpy import file_reader

import cluster
from protocol import main, timed


def reduce(axis):
    def task(path, params):
        def run():
            data = file_reader(path, lazy=True, chunks=(32, 32, -1, -1), navigation_axes=[0, 1])[0]["data"]
            return np.asarray(data.sum(axis=axis).compute(scheduler="threads"))

        result, seconds = timed(run)
        return {"result": result.ravel().tolist(), "seconds": seconds}

    return task


# The processes of a cluster import this file too.
if __name__ == "__main__":
    main(cluster.TASKS | {
        "sum-signal": reduce((2, 3)),
        "sum-navigation": reduce((0, 1)),
        "plan": cluster.plan,
    })
