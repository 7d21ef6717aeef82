"""Element-wise operations and promotion by NumPy.

    elementwise.py SEED DIRECTORY

writes elementwise.bin, all operands and results one after the other, and
elementwise.jsonl, which says for each case the operation, the dtype of the
operands, that of the result, and where they are. An operand of one element
stands for as many as there are.

promotion.json has np.result_type of all pairs and triples of dtypes and of
dtypes with Python numbers, and the dtypes of what all ufuncs make of them; null
where NumPy refuses.
"""

import itertools
import json
import math
import os
import sys
import warnings

import numpy as np

BINARY = ["add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "minimum", "maximum",
          "bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift",
          "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
UNARY = ["negative", "positive", "absolute", "square", "sqrt", "exp", "exp2", "expm1",
         "log", "log2", "log10", "log1p", "sin", "cos", "tan", "tanh", "rint", "floor", "ceil", "trunc",
         "invert", "logical_not", "isnan", "isinf", "isfinite", "sign", "conjugate", "real", "imag"]
NUMBERS = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]
DTYPES = NUMBERS + ["g", "G"]
OTHERS = ["S3", "S5", "U2", "U7", "V4", "M8[s]", "m8[s]", "M8[ms]", "i4,f8", ">i4", ">c16"]
WEAK = {"b": True, "i": 1, "f": 1.0, "c": 1j}
PAIRS = 1300  # more than any kernel treats at a time


def edges(dtype):
    """Values at which something changes."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind in "iu":
        info, bits = np.iinfo(dtype), 8 * dtype.itemsize
        near = [-bits, -9, -3, -2, -1, 0, 1, 2, 3, 5, 10, bits - 1, bits, bits + 1, info.max // 2, info.max - 1, info.max]
        return np.array(sorted({info.min, info.min + 1} | {v for v in near if v >= info.min}), dtype)
    if dtype.kind == "f":
        info = np.finfo(dtype)
        positive = [0.0, 0.1, 0.5, 1, 1.5, 2, 2.5, 3, 7.25, 100, info.eps, info.tiny, info.smallest_subnormal,
                    info.tiny * dtype.type(0.75), info.max, math.inf]
        return np.array(positive + [-v for v in positive] + [math.nan], dtype)
    part = np.array([0.0, -0.0, 1, -2, 0.5, np.finfo(dtype).tiny, np.finfo(dtype).max, math.inf, -math.inf, math.nan])
    z = np.empty(len(part) ** 2, dtype)
    z.real, z.imag = np.repeat(part, len(part)), np.tile(part, len(part))
    return z


def random_values(generator, dtype, n):
    if dtype.kind == "b":
        return generator.random(n) < 0.5
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        x = generator.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
        return x >> generator.integers(0, 8 * dtype.itemsize, n).astype(dtype)  # of all sizes
    if dtype.kind == "c":
        z = np.empty(n, dtype)
        z.real, z.imag = (random_values(generator, np.dtype("g" if dtype.char == "G" else "f8"), n) for _ in range(2))
        return z
    wide = 4 if dtype.itemsize == 2 else 20
    x = generator.standard_normal(n) * 2.0 ** generator.integers(-wide, wide, n)
    x[::3] = np.round(x[::3])
    x = x.astype(dtype)
    if dtype.char == "g":  # all 64 bits, and exponents that float64 has not
        x[1::3] *= 1 + generator.integers(0, 2**62, len(x[1::3])).astype(dtype) * dtype.type(2) ** -62
        x[1::9] *= dtype.type(2) ** generator.integers(-9000, 9000, len(x[1::9]))
    return x


def operands(generator, dtype):
    """All pairs of edges where those are few, and random numbers."""
    e = edges(dtype)
    first, second = [c.ravel() for c in np.meshgrid(e, e)]
    if len(first) > PAIRS:
        chosen = generator.permutation(len(first))[:PAIRS]
        first, second = first[chosen], second[chosen]
    n = max(PAIRS - len(first), 400)
    return (np.concatenate([first, random_values(generator, dtype, n)]),
            np.concatenate([second, random_values(generator, dtype, n)]))


def call(op, *args):
    """The result, or None where NumPy refuses the types."""
    try:
        if op in ("real", "imag"):
            return np.asarray(getattr(np, op)(*args))
        return getattr(np, op)(*args)
    except TypeError:
        return None


class Writer:
    def __init__(self, directory):
        self.data = open(os.path.join(directory, "elementwise.bin"), "wb")
        self.index = open(os.path.join(directory, "elementwise.jsonl"), "w")

    def place(self, array):
        start = self.data.tell()
        self.data.write(np.ascontiguousarray(array).tobytes())
        return [start, self.data.tell()]

    def case(self, op, result, *args):
        if result is None:
            return
        entry = {"op": op, "dtypes": [a.dtype.str for a in args], "result_dtype": result.dtype.str,
                 "args": [self.place(a) for a in args], "result": self.place(result)}
        print(json.dumps(entry), file=self.index)

    def close(self):
        self.data.close()
        self.index.close()


def write_cases(generator, directory):
    out = Writer(directory)
    for code in DTYPES:
        dtype = np.dtype(code)
        a, b = operands(generator, dtype)
        for op in UNARY:
            out.case(op, call(op, a), a)
        scalars = edges(dtype)
        scalars = scalars[generator.permutation(len(scalars))[:40]]
        sample = np.concatenate([edges(dtype), random_values(generator, dtype, 30)])
        for op in BINARY:
            x, y, few, ones = a, b, sample, scalars
            exponents = few
            if op == "power" and dtype.kind == "i":
                y, ones, exponents = (np.where(v < 0, v & 7, v) for v in (b, scalars, few))
            out.case(op, call(op, x, y), x, y)
            for s in ones:
                out.case(op, call(op, few, s), few, np.array([s]))
            for s in scalars:
                out.case(op, call(op, s, exponents), np.array([s]), exponents)
            out.case(op, call(op, x, ones[:1]), x, ones[:1])
            out.case(op, call(op, scalars[:1], y), scalars[:1], y)
    i, u = edges(np.dtype("i8")), edges(np.dtype("u8"))
    first, second = [c.ravel() for c in np.meshgrid(i, u)]
    for op in BINARY[BINARY.index("equal"):]:
        for x, y in [(first, second)] + [(i, s.reshape(1)) for s in u] + [(s.reshape(1), u) for s in i]:
            out.case(op, call(op, x, y), x, y)
            out.case(op, call(op, y, x), y, x)
    out.close()


def promote(*types):
    try:
        return np.result_type(*types).str
    except TypeError:
        return None


def result_dtype(op, *args):
    result = call(op, *args)
    return None if result is None else result.dtype.str


def write_promotion(directory):
    ones = {t: np.ones(1, t) for t in DTYPES}
    every = DTYPES + OTHERS
    tables = {
        "dtypes": [np.dtype(t).str if t != "i4,f8" else t for t in every],
        "numbers": [np.dtype(t).str for t in DTYPES],
        "pairs": [[promote(np.dtype(t), np.dtype(u)) if t != "i4,f8" and u != "i4,f8" else None for u in every] for t in every],
        "triples": [promote(*map(np.dtype, triple)) for triple in itertools.product(DTYPES, repeat=3)],
        "weak": {kind: [promote(np.dtype(t), v) for t in DTYPES] for kind, v in WEAK.items()},
        "unary": {op: [result_dtype(op, ones[t]) for t in DTYPES] for op in UNARY},
        "binary": {op: [[result_dtype(op, ones[t], ones[u]) for u in DTYPES] for t in DTYPES] for op in BINARY},
        "binary_weak": {op: {kind: [result_dtype(op, ones[t], v) for t in DTYPES] for kind, v in WEAK.items()} for op in BINARY},
        "fits": [],
    }
    for t in NUMBERS:
        for v in [0, 1, 2] + [s * 2**k + d for k in (7, 8, 15, 16, 31, 32, 63) for s in (1, -1) for d in (-1, 0, 1)]:
            try:
                np.add(np.ones(1, t), v)
                fits = True
            except OverflowError:
                fits = False
            if t != "?":
                tables["fits"].append([np.dtype(t).str, v < 0, str(abs(v)), fits])
    with open(os.path.join(directory, "promotion.json"), "w") as out:
        json.dump(tables, out)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # on divisions by zero and the like, which are meant
    write_cases(np.random.default_rng(int(sys.argv[1])), sys.argv[2])
    write_promotion(sys.argv[2])
