"""Our Python package: batches of `lazynpy feed`, as its README shows."""

import numpy as np

import lazynpy
from batches import CHECKED, checked
from protocol import main, timed


def batches(path, params):
    """The time of one batch, of which the address is looked at, or which is copied once. Opening, which starts the feeder, is apart."""
    options = dict(batch_size=int(params["batch"]), shuffle=True, seed=1, last="drop", memory=4 << 30)
    options |= dict(inputs="x" if path.endswith(".npz") else "", file_per_sample=params.get("files") == "samples")
    ds, opening = timed(lambda: lazynpy.feed(path, **options))
    count, copy = int(params["batches"]), None
    if "copy" in params:
        copy = np.ones((ds.batch_size, *ds.columns[0].shape), ds.columns[0].dtype)

    def run():
        for step in range(count):
            batch = ds[step]
            if copy is None:
                batch.x.ctypes.data
            else:
                np.copyto(copy, batch.x)

    _, seconds = timed(run)
    return {"result": checked(ds[step].x for step in range(CHECKED)), "seconds": seconds / count, "open_seconds": opening}


main({"batches": batches})
