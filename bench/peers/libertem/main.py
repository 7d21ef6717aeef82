"""LiberTEM. What it compiles, and the processes that its default executor starts, are there before the
clock starts: the second run of a process is timed. It computes in float32, which holds the results of
this suite exactly."""

import logging
import warnings

import libertem.api as lt
import numpy as np
from libertem.udf.masks import ApplyMasksUDF
from libertem.udf.sum import SumUDF
from libertem.udf.sumsigudf import SumSigUDF

from protocol import main, timed


def analysis(make):
    def task(path, params):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        with lt.Context.make_with(params.get("executor", "inline")) as context:
            def run():
                dataset = context.load("npy", path=path)
                return context.run_udf(dataset=dataset, udf=make(params), progress=False)["intensity"].data

            run()
            result, seconds = timed(run)
        return {"result": result.ravel().tolist(), "seconds": seconds}

    return task


def masks(params):
    stack = np.load(params["masks"]).astype("f4")
    return ApplyMasksUDF(mask_factories=lambda: stack, mask_count=len(stack), mask_dtype=np.float32)


# The processes of the executor import this file as well.
if __name__ == "__main__":
    main({"sum-signal": analysis(lambda _: SumSigUDF()), "sum-navigation": analysis(lambda _: SumUDF()), "masks": analysis(masks)})
