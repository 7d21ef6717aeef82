"""LiberTEM. What it compiles, and the processes that its default executor starts, are there before the
clock starts: the second run of a process is timed. It computes in float32, which holds the results of
this suite exactly."""

import logging
import os
import warnings

import libertem.api as lt
import numpy as np
from libertem.io.corrections import CorrectionSet
from libertem.udf.masks import ApplyMasksUDF
from libertem.udf.record import RecordUDF
from libertem.udf.stddev import StdDevUDF
from libertem.udf.sum import SumUDF
from libertem.udf.sumsigudf import SumSigUDF

from protocol import main, measured


def session(params, path):
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    return lt.Context.make_with(params.get("executor", "inline"), cpus=params.get("cores") and int(params["cores"]))


def analysis(make, *buffers):
    """The numbers of some buffers of a result, one after the other."""
    def task(path, params):
        with session(params, path) as context:
            def run():
                dataset = context.load("npy", path=path)
                results = context.run_udf(dataset=dataset, udf=make(params), progress=False)
                return [results[name].data for name in buffers or ["intensity"]]

            run()
            results, report = measured(run)
        return {"result": np.concatenate([r.ravel() for r in results]).tolist(), **report}

    return task


def mapped(path, params):
    """What it calls corrections gives float32: a dark frame of -4 and a gain of a quarter are x / 4 + 1."""
    out = os.path.join(params["out"], "theirs.npy")
    with session(params, path) as context:
        def run():
            dataset = context.load("npy", path=path)
            shape = tuple(dataset.shape.sig)
            corrections = CorrectionSet(dark=np.full(shape, -4, "f4"), gain=np.full(shape, 0.25, "f4"))
            context.run_udf(dataset=dataset, udf=RecordUDF(out), corrections=corrections, progress=False)
            with open(out, "r+b") as f:
                os.fsync(f.fileno())

        run()
        os.remove(out)
        _, report = measured(run)
    return {"files": [out], **report}


def masks(params):
    stack = np.load(params["masks"]).astype("f4")
    return ApplyMasksUDF(mask_factories=lambda: stack, mask_count=len(stack), mask_dtype=np.float32)


# The processes of the executor import this file as well.
if __name__ == "__main__":
    main({
        "sum-signal": analysis(lambda _: SumSigUDF()),
        "sum-navigation": analysis(lambda _: SumUDF()),
        "masks": analysis(masks),
        "moments": analysis(lambda _: StdDevUDF(), "mean", "std"),
        "map": mapped,
    })
