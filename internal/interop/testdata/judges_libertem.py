"""Virtual detectors and patterns by LiberTEM, and by their definitions in NumPy.

    judges_libertem.py SEED COUNT DIRECTORY

writes COUNT cases: a scan, what is to be made of it, and what that is. LiberTEM, with its inline
executor, computes in float32 where the definition in float64 is exact: integers and multiples of 1/8 are
multiplied by weights that are multiples of 1/16. So the expected numbers are those of the definition, to
be met bit for bit unless the case allows a relative error; and the script fails where LiberTEM's are not the same
but for the rounding of float32.

kinds: masks (ApplyMasksUDF, some within a region of interest), com (CoMUDF: y and x of the centre), sum
(SumUDF), std (StdDevUDF), pick (PickUDF), correct (what CorrectionSet makes of every frame, bit for bit, of counts of any dtype
and dark frames above them; that of the case's own scan also before SumUDF). radial is by np.bincount alone; LiberTEM's rings overlap.
"""

import contextlib
import logging
import random
import sys
import warnings

import libertem.api as lt
import numpy as np
import sparse
from libertem import masks as shapes
from libertem.corrections.detector import RepairValueError
from libertem.corrections.detector import correct as corrected
from libertem.io.corrections import CorrectionSet
from libertem.udf.com import CoMUDF
from libertem.udf.masks import ApplyMasksUDF
from libertem.udf.raw import PickUDF
from libertem.udf.stddev import StdDevUDF
from libertem.udf.sum import SumUDF

from judges_data import Cases, random_chunks

FLOAT32 = 2e-5  # what float32 may do to sums of some hundred terms, relative to the largest


def random_scan(rng, generator, dtype):
    nav = (rng.randint(1, 7), rng.randint(1, 7))
    sig = (rng.randint(2, 13), rng.randint(2, 13))
    counts = generator.poisson(rng.choice([0.3, 5, 200]), nav + sig)
    if rng.random() < 0.3:
        counts[generator.integers(0, nav[0])] = 0  # frames without any mass
    return counts.astype(dtype) if dtype.kind == "u" else (counts / 8).astype(dtype)


def random_mask(rng, generator, sig):
    """A mask and how it was made, in LiberTEM's words."""
    cy, cx = (rng.choice([n // 2, rng.uniform(-1, n), rng.randint(0, n - 1)]) for n in sig)
    r = rng.choice([rng.uniform(0, max(sig)), rng.randint(0, max(sig))])
    kind = rng.choice(["disk", "ring", "weights"])
    if kind == "disk":
        return {"kind": kind, "cy": cy, "cx": cx, "r": r}, shapes.circular(cx, cy, sig[1], sig[0], r)
    if kind == "ring":
        ri = r * rng.choice([0, 0.5, 0.8])
        return {"kind": kind, "cy": cy, "cx": cx, "r": r, "ri": ri}, shapes.ring(cx, cy, sig[1], sig[0], r, ri)
    return {"kind": kind}, generator.integers(-16, 17, sig) / 16


def agree(name, theirs, definition):
    theirs, definition = np.asarray(theirs, "f8"), np.asarray(definition, "f8")
    scale = max(1.0, float(np.max(np.abs(definition), initial=0)))
    if theirs.shape != definition.shape or not np.allclose(theirs, definition, rtol=FLOAT32, atol=FLOAT32 * scale):
        raise SystemExit("LiberTEM and the definition of %s differ:\n%s\n%s" % (name, theirs, definition))


def masks(rng, generator, x, run):
    made = [random_mask(rng, generator, x.shape[2:]) for _ in range(rng.choice([1, 2, 3, 8]))]
    stack = np.array([m for _, m in made], "f8")
    roi = generator.random(x.shape[:2]) < 0.5 if rng.random() < 0.3 else None
    out = np.einsum("abyx,kyx->abk", x.astype("f8"), stack)
    theirs = run(ApplyMasksUDF(mask_factories=lambda: stack, mask_count=len(stack), mask_dtype=np.float32), roi=roi)["intensity"].data
    where = np.ones(x.shape[:2], bool) if roi is None else roi
    agree("masks", theirs[where], out[where])
    return {"masks": [m for m, _ in made], "slack": 0}, {"stack": stack, "roi": roi}, out if roi is None else out[roi]


def com(rng, generator, x, run):
    sig = x.shape[2:]
    cy, cx = (rng.choice([n // 2, rng.uniform(0, n - 1)]) for n in sig)
    params = {"cy": cy, "cx": cx, "r": rng.choice([float("inf"), rng.uniform(1, max(sig))])}
    if params["r"] < 100 and rng.random() < 0.4:
        params["ri"] = params["r"] / 2
    params |= {"flip_y": rng.random() < 0.3, "scan_rotation": rng.choice([0.0, 0.0, 30.0, -90.0, 123.5])}
    params["regression"] = rng.choice([-1, -1, -1, 0, 1])
    disk = shapes.circular(cx, cy, sig[1], sig[0], params["r"])
    if "ri" in params:
        disk &= ~shapes.circular(cx, cy, sig[1], sig[0], params["ri"])
    y, x_ = np.mgrid[: sig[0], : sig[1]]
    total, by_y, by_x = (np.einsum("abyx,yx->ab", x.astype("f8"), w.astype("f8")) for w in (disk, disk * y, disk * x_))
    some = total != 0
    out = np.stack([np.where(some, s / np.where(some, total, 1), c) for s, c in ((by_y, cy), (by_x, cx))], axis=-1)
    extra = {"shifts": out - [cy, cx]}
    if min(x.shape[:2]) > 1:  # LiberTEM takes gradients along both axes of the scan
        theirs = run(CoMUDF.with_params(**params))
        agree("com", theirs["raw_com"].data, out)
        extra["field"] = theirs["field"].data
    params["r"] = min(params["r"], 1e6)
    return {"com": params, "slack": 1e-14}, extra, out


def sum_(rng, generator, x, run):
    out = x.sum(axis=(0, 1), dtype="u8" if x.dtype.kind == "u" else "f8")
    agree("sum", run(SumUDF())["intensity"].data, out)
    return {"slack": 0}, {}, out


def std(rng, generator, x, run):
    out = x.astype("f8").std(axis=(0, 1))
    agree("std", run(StdDevUDF())["std"].data, out)
    return {"slack": 1e-6 if x.dtype.kind == "f" else 1e-12}, {}, out


def pick(rng, generator, x, run):
    roi = generator.random(x.shape[:2]) < 0.4
    out = x[roi]
    if roi.any():
        agree("pick", run(PickUDF(), roi=roi)["intensity"].data, out)
    return {"slack": 0}, {"roi": roi}, out


def patched(x, dead):
    """Every dead pixel as the mean of the living ones around it, and if there is one without any."""
    out, alone = x.copy(), False
    for y, z in np.argwhere(dead):
        around = (..., slice(max(0, y - 1), y + 2), slice(max(0, z - 1), z + 2))
        living = ~dead[around[1:]]
        alone = alone or not living.any()
        if living.any():
            out[..., y, z] = (x[around] * living).sum(axis=(-2, -1)) / living.sum()
    return out, alone


def correct(rng, generator, x, run):
    sig = x.shape[2:]
    dark = generator.integers(0, rng.choice([17, 2000]), sig) / 4 if rng.random() < 0.7 else None
    gain = generator.integers(2, 9, sig) / 4 if rng.random() < 0.7 else None
    dead = generator.random(sig) < rng.choice([0.05, 0.3]) if rng.random() < 0.6 else None
    out = (x.astype("f8") - (0 if dark is None else dark)) * (1 if gain is None else gain)
    case, arrays = {"slack": 0}, {"dark": dark, "gain": gain, "dead": dead}
    coo = None if dead is None else sparse.COO(coords=np.argwhere(dead).T, data=1, shape=sig)
    if dead is not None:
        out, alone = patched(out, dead)
        if alone:
            with contextlib.suppress(RepairValueError):
                CorrectionSet(excluded_pixels=coo)
                raise SystemExit("LiberTEM repairs a pixel that has no neighbours")
            return case | {"error": "a dead pixel without living neighbours"}, arrays, out
    agree("corrections", run(SumUDF(), corrections=CorrectionSet(dark=dark, gain=gain, excluded_pixels=coo))["intensity"].data, out.sum(axis=(0, 1)))
    if dark is None and gain is None and dead is None:
        return case, arrays, x
    arrays["counts"] = counts = x.astype(rng.choice(["u1", "u2", "i2", "i4", "u4", "i8", "f2", "f4", "f8"]))
    return case, arrays, corrected(counts, dark, gain, None if dead is None else np.argwhere(dead).T, sig_shape=sig)


def radial(rng, generator, x, run):
    sig = x.shape[2:]
    cy, cx = (rng.choice([n // 2, rng.uniform(0, n - 1)]) for n in sig)
    y, x_ = np.mgrid[: sig[0], : sig[1]]
    ring = np.sqrt((y - cy) ** 2 + (x_ - cx) ** 2).astype(int).ravel()
    bins = rng.choice([int(ring.max()) + 1, rng.randint(1, int(ring.max()) + 1), int(ring.max()) + 3])
    flat = x.astype("f8").reshape(-1, ring.size)
    sums = np.array([np.bincount(ring, weights=row, minlength=bins)[:bins] for row in flat])
    counts = np.bincount(ring, minlength=bins)[:bins]
    sums = sums.reshape(x.shape[:2] + (bins,))
    return {"cy": cy, "cx": cx, "bins": bins, "slack": 0}, {"sums": sums}, sums / counts


KINDS = {"masks": masks, "com": com, "sum": sum_, "std": std, "pick": pick, "correct": correct, "radial": radial}


def one(rng, generator, cases, context, kind):
    # Every dtype is compiled by itself, so there are few.
    x = random_scan(rng, generator, np.dtype(rng.choice(["u2", "u2", "f4"])))
    path = cases.path("_in.npy")
    np.save(path, x)
    dataset = context.load("npy", path=path)
    run = lambda udf, **more: context.run_udf(dataset=dataset, udf=udf, progress=False, **more)
    case, extra, out = KINDS[kind](rng, generator, x, run)
    fortran = rng.random() < 0.25
    if fortran:  # which LiberTEM does not read
        np.save(path, np.asfortranarray(x))
    more = {name: cases.save("_%s.npy" % name, array) for name, array in extra.items() if array is not None}
    cases.add(kind=kind, inputs=[path.rsplit("/", 1)[1]], arrays=more, expected=cases.save("_out.npy", out),
              chunks=[random_chunks(rng, x.shape) for _ in range(2)], **case)


def main(seed, count, directory):
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    np.seterr(all="ignore")
    rng, generator = random.Random(seed), np.random.default_rng(seed)
    cases = Cases(directory, "cases.jsonl")
    with lt.Context.make_with("inline") as context:
        kinds = list(KINDS)
        while cases.count < count:
            one(rng, generator, cases, context, kinds[cases.count % len(kinds)])
    cases.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
