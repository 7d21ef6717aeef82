"""Random programs over arrays, and what NumPy makes of them.

    operations.py SEED COUNT DIRECTORY [chains]

writes COUNT cases: the input files, the program, the file of what NumPy computes, or
that NumPy refuses, and two chunk specs for the result. With "chains" every operation but the first is applied to what the one
before it gave, 2 to 6 of them. A program is a list: the name of
an operation and its operands, which are programs, numbers as they are (Python's, "weak"
under NEP 50), or, for ["array", i], the number of an input.

Results must be equal bit for bit, but for the operations whose last bits depend on the
machine NumPy runs on: exp, log and powers of floats, and products, quotients, squares, roots, magnitudes and exp of complex
numbers. Those stand at the end of a program only, and the case says how many
units in the last place they may differ.

Left out is what C leaves undefined, and NumPy with it: floats that become integers which cannot
hold them, and which zero the minimum of 0.0 and -0.0 is; and powers and logarithms of complex numbers, whose
last bits say more of the way there than of the result.
"""

import itertools
import math
import random
import sys
import warnings

import numpy as np

from judges_data import Cases, random_array, random_chunks, random_shape

DTYPES = ["?", "u1", "u1", "i1", "u2", "u2", "i2", "i2", "i4", "i4", "u4", "i8", "u8", "f2", "f4", "f4", "f4", "f8", "f8", "f8", "F", "D"]
INTEGERS = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"]
CAST = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "F", "D"]
COMPARE = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
EXACT = ["add", "add", "subtract", "subtract", "multiply", "multiply", "divide", "floor_divide", "remainder",
         "minimum", "maximum"] + COMPARE
BITS = ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"]
UNARY = ["negative", "absolute", "square", "sqrt", "floor", "ceil", "rint", "invert", "isnan", "isinf", "isfinite"]
SLACK, POWER_SLACK = 4, 16  # units in the last place, for what depends on the machine


class Skip(Exception):
    """A program that would prove nothing."""


def slack(op, *operands):
    """The units in the last place that NumPy's own result may vary by."""
    kinds = {np.result_type(x).kind for x in operands}
    if op in ("exp", "log"):
        return SLACK
    if "c" in kinds and op in ("multiply", "divide", "power", "square", "sqrt", "absolute"):
        return SLACK
    return POWER_SLACK if op == "power" and "f" in kinds else 0


def random_index(rng, shape):
    """An index as text, of slices, positions, an ellipsis and new axes."""
    items, dims = [], list(shape)
    for n in dims[: rng.randint(0, len(dims))]:
        kind = rng.random()
        if kind < 0.25 and n > 0:
            items.append(str(rng.randint(-n, n - 1)))
        else:
            bound = lambda: rng.choice(["", "", str(rng.randint(-n - 1, n + 1))])
            step = rng.choice(["", "", ":", ":1", ":2", ":-1", ":-2", ":3"])
            items.append(bound() + ":" + bound() + step)
    if rng.random() < 0.2:
        items.insert(rng.randint(0, len(items)), "newaxis")
    if rng.random() < 0.3:
        items.insert(rng.randint(0, len(items)), "...")
    return ", ".join(items) or "..."


def values(program):
    return program if isinstance(program, float) else np.array(program[3], program[1]).reshape(program[2])


def corrected(a, nav, sig, dark, gain, dead):
    """(a - dark) * gain and the means of the neighbours of dead pixels, as LiberTEM's CorrectionSet."""
    dtype = np.result_type(np.float32, a)
    x = a.transpose(nav + sig).astype(dtype)
    if dark is not None:
        x = x - values(dark)
    if gain is not None:
        x = x * values(gain)
    x = x.astype(dtype)
    shape = x.shape[len(nav):]
    out = x.copy()
    for pixel in dead:
        around = itertools.product(*(range(max(i - 1, 0), min(i + 2, n)) for i, n in zip(pixel, shape)))
        living = [p for p in around if list(p) not in dead]
        if not living:
            raise ValueError("a dead pixel without living neighbours")
        acc = np.zeros(x.shape[: len(nav)])
        for p in living:
            acc = acc + x[(...,) + p]
        out[(...,) + tuple(pixel)] = acc / len(living)
    return out.transpose(np.argsort(nav + sig))


class Program:
    """A growing pool of expressions: what they are, and what they are worth."""

    def __init__(self, rng, inputs, chain):
        self.rng, self.chain = rng, chain
        self.pool = [(["array", i], x) for i, x in enumerate(inputs)]

    def pick(self):
        # The latest most often, so that programs become deep.
        return self.pool[-1] if self.chain or self.rng.random() < 0.6 else self.rng.choice(self.pool)

    def finite(self):
        return all(np.all(np.isfinite(x)) for _, x in self.pool if x.dtype.kind == "c")

    def number(self):
        return self.rng.choice([0, 1, 2, 3, -1, -2, 7, 100, 300, 0.5, 2.0, -1.25, 1e3, 0.1, True])

    def binary(self, op):
        (x, a), (y, b) = self.pick(), self.rng.choice(self.pool)
        if self.rng.random() < 0.35:
            y = b = self.number()
            if self.rng.random() < 0.3:
                (x, a), (y, b) = (y, b), (x, a)
        if op == "power" and (np.iscomplexobj(a) or np.iscomplexobj(b) or np.any(np.abs(np.asarray(b, dtype="f8")) > 6)):
            raise Skip  # complex ones are as exact as the logarithms that they are made of
        self.check_zeros(op, a, b)
        return [op, x, y], (lambda: getattr(np, op)(a, b)), slack(op, a, b)

    def check_zeros(self, op, a, b):
        if op not in ("minimum", "maximum"):
            return
        try:
            a, b = np.broadcast_arrays(a, b)
        except ValueError:
            return
        both = (a == 0) & (b == 0)
        for part in (np.real, np.imag):
            if np.any(both & (np.signbit(part(a).astype("f8")) != np.signbit(part(b).astype("f8")))):
                raise Skip

    def unary(self, op):
        x, a = self.pick()
        if op in ("exp", "log") and a.dtype.kind in "fc" and np.any(np.abs(a) > 300):
            raise Skip
        if op == "log" and a.dtype.kind == "c":
            raise Skip  # near a magnitude of one its real part is cancelled away, by so much or so much
        if op == "invert" and a.dtype.kind not in "biu" and self.rng.random() < 0.8:
            raise Skip
        return [op, x], (lambda: getattr(np, op)(a)), slack(op, a)

    def where(self, op):
        (c, cond), (x, a), (y, b) = self.rng.choice(self.pool), self.pick(), self.rng.choice(self.pool)
        if self.rng.random() < 0.3:
            y = b = self.number()
            if isinstance(b, int) and a.dtype.kind in "iu" and not np.iinfo(a.dtype).min <= b <= np.iinfo(a.dtype).max:
                raise Skip  # np.where takes 300 for the uint8 44, where every ufunc refuses it
        return [op, c, x, y], (lambda: np.where(cond, a, b)), 0

    def astype(self, op):
        x, a = self.pick()
        dtype = np.dtype(self.rng.choice(CAST))
        real = a.real if a.dtype.kind == "c" else a
        if dtype.kind in "iu" and real.dtype.kind == "f" and real.size:
            info, whole = np.iinfo(dtype), np.trunc(real.astype("f8"))
            if not np.all(np.isfinite(whole)) or float(whole.min()) < info.min or float(whole.max()) >= info.max:
                raise Skip
        return [op, x, dtype.str], (lambda: a.astype(dtype)), 0

    def slice(self, op):
        x, a = self.pick()
        text = random_index(self.rng, a.shape)
        return [op, x, text], (lambda: eval("a[%s]" % text, {"a": a, "newaxis": None})), 0

    def transpose(self, op):
        x, a = self.pick()
        axes = list(range(a.ndim))
        self.rng.shuffle(axes)
        return [op, x, axes], (lambda: a.transpose(axes)), 0

    def reshape(self, op):
        x, a = self.pick()
        factors, rest = [], max(a.size, 1)
        for p in [2, 3, 5, 7, 11]:
            while rest % p == 0:
                factors.append(p)
                rest //= p
        factors.append(rest)
        self.rng.shuffle(factors)
        shape = [1] * self.rng.randint(1, 4)
        for f in factors:
            shape[self.rng.randrange(len(shape))] *= f
        if not a.size:
            shape[self.rng.randrange(len(shape))] = 0
        elif self.rng.random() < 0.3:
            shape[self.rng.randrange(len(shape))] = -1
        return [op, x, shape], (lambda: np.reshape(a, shape)), 0

    def scan(self, a):
        """Some axes as navigation axes, in their order, and the others."""
        nav = sorted(self.rng.sample(range(a.ndim), self.rng.randint(1, a.ndim)))
        return nav, [d for d in range(a.ndim) if d not in nav]

    def select(self, op):
        x, a = self.pick()
        if not a.ndim:
            raise Skip
        nav, sig = self.scan(a)
        mask = [self.rng.random() < 0.6 for _ in range(math.prod(a.shape[d] for d in nav))]
        places = np.array(mask, "?").reshape([a.shape[d] for d in nav])
        return [op, x, nav, mask], (lambda: a.transpose(nav + sig)[places]), 0

    def correct(self, op):
        x, a = self.pick()
        if not a.ndim or not a.size or a.dtype.kind not in "biuf":
            raise Skip
        nav, sig = self.scan(a)
        shape = [a.shape[d] for d in sig]
        frame = lambda dtypes: ["values", self.rng.choice(dtypes), shape, [self.rng.randint(0, 40) for _ in range(math.prod(shape))]]
        dark = frame(["u2", "i4", "f4", "f8"]) if self.rng.random() < 0.7 else None
        gain = self.rng.choice([0.5, frame(["u1", "f4", "f8"])]) if self.rng.random() < 0.7 else None
        pixels = [list(p) for p in np.ndindex(*shape)] if shape else []
        dead = self.rng.sample(pixels, self.rng.randint(0, min(3, len(pixels)))) if self.rng.random() < 0.5 else []
        if dark is gain is None and not dead:
            raise Skip
        return [op, x, nav, dark, gain, dead], (lambda: corrected(a, nav, sig, dark, gain, dead)), 0

    def squeeze(self, op):
        x, a = self.pick()
        return [op, x], (lambda: np.squeeze(a)), 0

    def take(self, op):
        x, a = self.pick()
        if not a.ndim:
            raise Skip
        axis = self.rng.randrange(a.ndim)
        n = a.shape[axis]
        beyond = self.rng.random() < 0.03 and a.size > 0  # NumPy does not look at indices into nothing
        indices = [self.rng.randint(-n - beyond, n - 1 + beyond) for _ in range(self.rng.randint(0, 6))] if n else []
        return [op, x, indices, axis], (lambda: np.take(a, np.array(indices, dtype="i8"), axis)), 0

    def join(self, op):
        x, a = self.pick()
        others = [p for p in self.pool if self.rng.random() < 0.05 or
                  p[1].shape == a.shape or op == "concatenate" and p[1].ndim == a.ndim]
        picked = [(x, a)] + [self.rng.choice(others) for _ in range(self.rng.randint(0, 2))]
        axis = self.rng.randint(-a.ndim - (op == "stack"), a.ndim - (op != "stack")) if a.ndim else 0
        values = [v for _, v in picked]
        return [op, axis] + [p for p, _ in picked], (lambda: getattr(np, op)(values, axis=axis)), 0

    def step(self, last):
        """Appends one expression and says if NumPy refused it, and its slack."""
        op = self.rng.choice(EXACT * 2 + BITS + UNARY * 2 + ["where", "astype", "slice", "transpose", "stack", "concatenate", "take"] * 4 +
                             ["reshape"] * 4 + ["squeeze"] + ["select", "correct"] * 3 + (["exp", "log", "power", "power"] * 2 if last else []))
        make = {"where": self.where, "astype": self.astype, "slice": self.slice, "transpose": self.transpose, "take": self.take,
                "reshape": self.reshape, "select": self.select, "correct": self.correct, "squeeze": self.squeeze, "stack": self.join, "concatenate": self.join}.get(op)
        if make is None:
            make = self.unary if op in UNARY + ["exp", "log"] else self.binary
        if op in BITS and not all(x.dtype.kind in "biu" for _, x in self.pool) and self.rng.random() < 0.9:
            raise Skip
        expr, compute, ulps = make(op)
        if ulps > 0 and (not last or not self.finite()):
            raise Skip
        try:
            value = compute()
        except Exception as e:
            if not last or isinstance(e, Skip):
                raise Skip from e
            return expr, None, 0, "%s: %s" % (type(e).__name__, e)
        value = np.asarray(value)
        if value.size > 20000 or value.ndim > 6:
            raise Skip
        self.pool.append((expr, value))
        return expr, value, ulps, ""


def random_inputs(rng, generator):
    shape, inputs = random_shape(rng), []
    dtypes = INTEGERS if rng.random() < 0.2 else DTYPES
    for _ in range(rng.choice([1, 2, 2, 3])):
        mine = list(shape)
        if inputs and rng.random() < 0.5:  # something that broadcasts
            mine = [1 if rng.random() < 0.4 else n for n in mine][rng.randint(0, len(mine) - 1):]
        dtype = np.dtype(rng.choice(dtypes)).newbyteorder(rng.choice("<<<<>"))
        inputs.append(random_array(rng, generator, dtype, tuple(mine)))
    return inputs


def one(rng, generator, cases, chain):
    files = [cases.save("_in%d.npy" % i, x, rng) for i, x in enumerate(random_inputs(rng, generator))]
    program = Program(rng, [np.load(cases.path("_in%d.npy" % i)) for i in range(len(files))], chain)
    steps = rng.randint(2, 6) if chain else rng.choice([1, 1, 2, 3, 4, 6])
    tries = 0
    while steps:
        if (tries := tries + 1) > 200:
            return False
        try:
            expr, value, ulps, error = program.step(steps == 1)
        except Skip:
            continue
        steps -= 1
    case = {"inputs": files, "program": expr, "ulps": ulps, "error": error}
    if not error:
        case |= {"expected": cases.save("_out.npy", value), "chunks": [random_chunks(rng, value.shape) for _ in range(2)]}
    cases.add(**case)
    return True


def main(seed, count, directory, chain):
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    rng, generator = random.Random(seed), np.random.default_rng(seed)
    cases = Cases(directory, "cases.jsonl")
    while cases.count < count:
        one(rng, generator, cases, chain)
    cases.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:] == ["chains"])
