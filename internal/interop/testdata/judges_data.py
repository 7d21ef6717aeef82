"""What the scripts share that judge operations: random arrays, files, cases."""

import json
import math
import os

import numpy as np


def random_shape(rng, ndims=(2, 3, 4), empty=0.06):
    """A small shape; axes of length one are frequent, axes of none rare."""
    ndim = rng.choice(ndims)
    limit = {1: 400, 2: 24, 3: 10, 4: 6, 5: 4}[ndim]
    shape = [rng.choice([1, rng.randint(1, limit), rng.randint(2, limit), rng.randint(2, limit)]) for _ in range(ndim)]
    if rng.random() < empty:
        shape[rng.randrange(ndim)] = 0
    return tuple(shape)


def random_chunks(rng, shape):
    """A chunk spec in the words of dask."""
    if not shape or rng.random() < 0.2:
        return "auto"
    sizes = [rng.choice([-1, rng.randint(1, max(n, 1)), rng.randint(1, max(n // 2, 1))]) for n in shape]
    return "(%s,)" % ", ".join(map(str, sizes))


def random_array(rng, generator, dtype, shape):
    """Numbers of a dtype. Integers reach the limits of their type now and then, floats have NaNs,
    infinities and zeros of both signs."""
    dtype, n = np.dtype(dtype), math.prod(shape)
    native = dtype.newbyteorder("=")
    if dtype.kind == "b":
        x = generator.random(n) < 0.5
    elif dtype.kind in "iu":
        info = np.iinfo(native)
        low, high = rng.choice([(info.min, info.max), (max(info.min, -9), 9), (max(info.min, -9), 9), (0, 100)])
        x = generator.integers(low, high, n, dtype=native, endpoint=True)
    else:
        x = generator.standard_normal(n) * rng.choice([1, 1, 30])
        if rng.random() < 0.4:
            x = np.round(x)
        if rng.random() < 0.3 and n:
            for value in [0.0, -0.0, math.inf, -math.inf, math.nan]:
                x[generator.integers(0, n, max(1, n // 40))] = value
        if dtype.kind == "c":
            y = np.round(generator.standard_normal(n) * 4) / 4
            with np.errstate(all="ignore"):
                x = x.astype(native)
            x.imag = y
    with np.errstate(all="ignore"):
        return x.astype(dtype).reshape(shape)


def save(path, array, rng=None):
    """Writes the array, in Fortran order now and then if there is a generator to ask."""
    if rng is not None and rng.random() < 0.3:
        array = np.asfortranarray(array)
    np.save(path, array)
    return os.path.basename(path)


class Cases:
    """A directory of arrays and the list of cases about them."""

    def __init__(self, directory, name):
        self.directory, self.count = directory, 0
        self.out = open(os.path.join(directory, name), "w")

    def path(self, suffix):
        return os.path.join(self.directory, "%05d%s" % (self.count, suffix))

    def save(self, suffix, array, rng=None):
        return save(self.path(suffix), array, rng)

    def add(self, **case):
        print(json.dumps({"name": "%05d" % self.count, **case}), file=self.out)
        self.count += 1

    def close(self):
        self.out.close()
