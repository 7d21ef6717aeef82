"""Reductions by NumPy, beside the exact values where those are numbers.

    reductions.py SEED COUNT DIRECTORY

writes COUNT files and reductions.jsonl: for each file a chunk spec, the axes,
and for each operation NumPy's result. For float sums, means and deviations there
is the exact result too, rational arithmetic over the elements, rounded once, and
a slack: by how much a result may be further from it than NumPy's is.

NumPy is asked about long doubles cast to float64, in which they are summed.

Numbers are text: integers in decimal, floats in C99 hexadecimal. A complex
number is two of them.
"""

import decimal
import fractions
import json
import math
import os
import random
import sys
import warnings

import numpy as np

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "g", "F", "D", "G", "M8[ms]", "m8[s]"]
ROUNDING = 2.0**-53  # of a float64, relative
SCALE = 1074  # every float is an integer multiple of 2**-SCALE

decimal.getcontext().prec = 60


# Exact arithmetic: a finite number as an integer multiple of 2**-SCALE.

def as_multiple(x):
    p, q = x.as_integer_ratio()
    return p << (SCALE + 1 - q.bit_length())


def not_finite(xs):
    """What a sum with NaNs and infinities among its terms is, or None."""
    if any(x != x for x in xs) or (math.inf in xs and -math.inf in xs):
        return "nan"
    if math.inf in xs:
        return "inf"
    return "-inf" if -math.inf in xs else None


def exact_sum(xs):
    """The exact sum of real numbers: a fraction, or text if it is not finite."""
    return not_finite(xs) or fractions.Fraction(sum(map(as_multiple, xs)), 1 << SCALE)


def squared_deviations(xs):
    """The exact sum of squared deviations from the mean of finite numbers."""
    terms = [as_multiple(x) for x in xs]
    # n*Σx² - (Σx)² is n times what is asked for.
    return fractions.Fraction(len(xs) * sum(t * t for t in terms) - sum(terms) ** 2, len(xs) << 2 * SCALE)


def square_root(value):
    return (decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator)).sqrt()


def text(value):
    """A number rounded once to a float, as text; text stays."""
    return value if isinstance(value, str) else float(value).hex()


def numbers(array):
    """Elements as Python floats or ints; complex ones as parts."""
    if array.dtype.kind == "c":
        flat = np.stack([array.real, array.imag], axis=-1).ravel()
    else:
        flat = array.ravel()
    return (flat.view("i8") if flat.dtype.kind in "mM" else flat).tolist()


def texts(array):
    out = []
    for x in numbers(np.asarray(array)):
        out.append(str(int(x)) if isinstance(x, (int, bool)) else float(x).hex())
    return out


def rows(array, axes):
    """The array as outputs × reduced elements, the latter in C order."""
    kept = [d for d in range(array.ndim) if d not in axes]
    n = math.prod(array.shape[d] for d in kept)
    m = math.prod(array.shape[d] for d in axes)
    return array.transpose(kept + sorted(axes)).reshape(n, m)


def parts(row):
    """The real components of a row of elements, each as numbers."""
    return [numbers(row.real), numbers(row.imag)] if row.dtype.kind == "c" else [numbers(row)]


def exact_sums(array, axes, mean):
    """The exact sums or means of all outputs, as texts, and their slacks."""
    out, slacks = [], []
    for row in rows(array, axes):
        for xs in parts(row):
            n = len(xs) if mean else 1
            total = "nan" if n == 0 else exact_sum(xs)
            if isinstance(total, str):
                out.append(total)
                slacks.append(0.0)
                continue
            out.append(text(total / n))
            # Partial sums of numbers of both signs are about as large as the norm of
            # the terms, of one sign as large as the sum; either way a few roundings
            # of that size happen, and whether they cancel is luck.
            slack = 8 * ROUNDING * norm(xs) + math.ulp(float(total))
            if array.dtype.kind in "iu":
                slack += ROUNDING * norm(xs) * math.sqrt(len(xs))  # each is rounded to a float64
            slacks.append(slack / n)
    return out, slacks


def norm(xs):
    return math.sqrt(math.fsum(x * x for x in map(float, xs)))


def exact_deviations(op, array, axes, ddof):
    """The exact variances or standard deviations of all outputs, as texts, and
    their slacks: what changing every element by some of its roundings does to
    them, 8 and as many as a random walk of one rounding per element makes."""
    out, slacks = [], []
    for row in rows(array, axes):
        components, n = parts(row), row.size
        if n <= ddof or any(map(not_finite, components)):
            out.append("nan")
            slacks.append(0.0)
            continue
        variance = sum(map(squared_deviations, components)) / (n - ddof)
        deviation = float(square_root(variance))
        change = (8 + math.sqrt(n)) * ROUNDING * math.hypot(*map(norm, components)) / math.sqrt(n - ddof)
        out.append(text(square_root(variance) if op == "std" else variance))
        slacks.append(change if op == "std" else 2 * deviation * change + change**2)
    return out, slacks


# NumPy's side.

def numpy_result(op, array, axes, params):
    """NumPy's result, or None where it refuses."""
    along = tuple(axes)
    if op in ("argmin", "argmax"):
        kept = [n for d, n in enumerate(array.shape) if d not in axes]
        return np.asarray(getattr(np, op)(rows(array, axes), axis=1)).reshape(kept)
    if op == "count_nan":
        return np.asarray((np.isnat if array.dtype.kind in "mM" else np.isnan)(array).sum(axis=along))
    if op == "count_inf":
        return np.asarray(np.isinf(array).sum(axis=along))
    if op == "count_zero":
        return np.asarray((array == np.zeros((), array.dtype)).sum(axis=along))
    if op == "histogram":
        kept = [n for d, n in enumerate(array.shape) if d not in axes]
        span = (params["lo"], params["hi"])
        try:
            np.histogram(array[:0].ravel(), bins=params["bins"], range=span)
        except ValueError:
            array = array.astype("f4")  # float16 has no room for the edges
        counts = [np.histogram(row, bins=params["bins"], range=span)[0] for row in rows(array, axes)]
        return np.array(counts, dtype="i8").reshape(kept + [params["bins"]])
    if op in ("var", "std"):
        return np.asarray(getattr(np, op)(array, axis=along, ddof=params["ddof"]))
    return np.asarray(getattr(np, op)(array, axis=along))


def operations(rng, dtype):
    kind = dtype.kind
    ops = [("min", {}), ("max", {}), ("argmin", {}), ("argmax", {}), ("count_zero", {})]
    if kind in "fcmM":
        ops.append(("count_nan", {}))
    if kind in "fc":
        ops.append(("count_inf", {}))
    if kind != "M":
        ops.append(("sum", {}))
    if kind not in "mM":
        ops.append(("mean", {}))
        ops += [(op, {"ddof": rng.choice([0, 0, 1])}) for op in ("var", "std")]
    if kind in "iuf":
        lo = rng.choice([-3.0, 0.0, -100.5, 700.0])
        ops.append(("histogram", {"bins": rng.choice([1, 2, 7, 10, 64]), "lo": lo, "hi": lo + rng.choice([1.0, 5.0, 7.3, 200.0])}))
    return ops


# Data.

def random_floats(rng, generator, n):
    style = rng.choice(["normal", "offset", "wide", "grid", "tenths", "special"])
    x = generator.standard_normal(n)
    if style == "offset":
        return 1e6 + x
    if style == "wide":
        return x * 2.0 ** generator.integers(-30, 30, n)
    if style == "grid":
        return np.round(x * 3)
    if style == "tenths":
        return np.round(x * 20) / 10  # on the edges of many bins, but for rounding
    if style == "special" and n:
        for value in [0.0, -0.0, math.inf, -math.inf, math.nan]:
            if rng.random() < 0.4:
                x[generator.integers(0, n, max(1, n // 50))] = value
    return x


def random_array(rng, generator, dtype, shape):
    n = math.prod(shape)
    with np.errstate(all="ignore"):
        if dtype.kind == "b":
            x = generator.random(n) < rng.choice([0.0, 0.5, 1.0])
        elif dtype.kind in "iu":
            info = np.iinfo(dtype)
            low, high = rng.choice([(info.min, info.max), (max(info.min, -100), 100)])
            x = generator.integers(low, high, n, dtype=dtype.newbyteorder("="), endpoint=True)
        elif dtype.kind in "mM":
            x = generator.integers(-1000, 1000, n)
            if rng.random() < 0.3 and n:
                x[generator.integers(0, n)] = np.iinfo("i8").min
            return x.view(dtype.newbyteorder("=")).astype(dtype).reshape(shape)
        elif dtype.kind == "c":
            x = generator.standard_normal(n) + 1j * np.round(generator.standard_normal(n) * 2)
            if rng.random() < 0.3 and n:
                x[generator.integers(0, n)] = complex(math.nan, 1)
        else:
            x = random_floats(rng, generator, n)
            if dtype.itemsize > 8:
                x = x.astype("g") * (np.longdouble(1) + np.longdouble(2) ** -60)
        return x.astype(dtype).reshape(shape)


def random_shape(rng):
    ndim = rng.choice([1, 1, 2, 2, 3, 4, 5])
    limit = {1: 3000, 2: 60, 3: 15, 4: 7, 5: 5}[ndim]
    shape = [rng.randint(1, limit) for _ in range(ndim)]
    if rng.random() < 0.05:
        shape[rng.randrange(ndim)] = 0
    return tuple(shape)


def random_chunks(rng, shape):
    if rng.random() < 0.2:
        return "auto"
    sizes = [rng.choice([-1, rng.randint(1, max(n, 1)), rng.randint(1, max(n // 3, 1))]) for n in shape]
    return "(%s,)" % ", ".join(map(str, sizes))


def reduce_one(rng, generator, path):
    dtype = np.dtype(rng.choice(DTYPES)).newbyteorder(rng.choice("<>"))
    shape = random_shape(rng)
    array = random_array(rng, generator, dtype, shape)
    if rng.random() < 0.3:
        array = np.asfortranarray(array)
    np.save(path, array)
    if dtype.kind in "fc" and dtype.itemsize > (8 if dtype.kind == "f" else 16):
        array = array.astype("f8" if dtype.kind == "f" else "c16")
    axes = sorted(rng.sample(range(len(shape)), rng.randint(0, len(shape)))) if rng.random() < 0.7 else list(range(len(shape)))
    empty = math.prod(shape[d] for d in axes) == 0
    results = []
    for op, params in operations(rng, dtype):
        entry = {"op": op, **params}
        if empty and op in ("min", "max", "argmin", "argmax"):
            entry["refused"] = True
        else:
            result = numpy_result(op, array, axes, params)
            entry |= {"dtype": result.dtype.str, "shape": list(result.shape), "numpy": texts(result)}
            if op == "sum" and dtype.kind in "fc" or op == "mean":
                entry["exact"], entry["slack"] = exact_sums(array, axes, op == "mean")
            if op in ("var", "std"):
                entry["exact"], entry["slack"] = exact_deviations(op, array, axes, params["ddof"])
        results.append(entry)
    return {"file": os.path.basename(path), "dtype": dtype.str, "chunks": random_chunks(rng, shape),
            "axes": axes, "results": results}


def main(seed, count, directory):
    warnings.simplefilter("ignore")  # on NaN, overflow and empty means, which are meant
    rng, generator = random.Random(seed), np.random.default_rng(seed)
    with open(os.path.join(directory, "reductions.jsonl"), "w") as out:
        for i in range(count):
            path = os.path.join(directory, "r%05d.npy" % i)
            print(json.dumps(reduce_one(rng, generator, path)), file=out)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
