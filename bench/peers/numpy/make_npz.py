"""The files of suite npz, made by NumPy.

    make_npz.py array NAME BYTES DIRECTORY    NAME.npy, NAME-stored.npz, NAME-deflated.npz
    make_npz.py samples BYTES TOTAL DIRECTORY x.npy, x-stored.npz, x-deflated.npz: samples of so many bytes each
    make_npz.py volumes COUNT SHAPE DIRECTORY volume00.npz ...: a float32 array of SHAPE each
    make_npz.py many COUNT DIRECTORY          many.npz: COUNT arrays of one element
    make_npz.py labels BYTES DIRECTORY        long.npz: one deflated array of int64, made piece by piece

Arrays are called "x". Prints one JSON line: what is in the files. Seeds are fixed.
"""

import json
import math
import os
import sys
import zipfile
import zlib

import numpy as np

SEED = 20260731
WIDTH = 4096


def image(n):
    """The coordinates of n points in rows of WIDTH."""
    rows = n // WIDTH
    return np.arange(rows, dtype="f4")[:, None], np.arange(WIDTH, dtype="f4")[None, :]


def f32q(rng, nbytes):
    """A smooth field with a little noise, as a measurement rounded to 0.01."""
    y, x = image(nbytes // 4)
    field = 16 * np.sin(x / 300) + 8 * np.cos(y / 97)
    field = field + rng.standard_normal(field.shape, dtype="f4") * np.float32(0.1)
    return field.round(2)


def f32r(rng, nbytes):
    """Normal numbers with all their bits, as weights of a network have."""
    return rng.standard_normal((nbytes // 4 // WIDTH, WIDTH), dtype="f4")


def u16(rng, nbytes):
    """Counts of a camera in uneven light."""
    y, x = image(nbytes // 2)
    light = 155 * (1.2 + np.sin(x / 150) * np.cos(y / 80))
    return rng.poisson(light).astype("u2")


def i64(rng, nbytes):
    """Labels of regions, in runs."""
    n = nbytes // 8
    runs = n // 60 + 1
    flat = np.repeat(rng.integers(0, 5000, runs), rng.integers(1, 124, runs))
    return np.resize(flat, (n // WIDTH, WIDTH)).astype("i8")


def make_array(name, nbytes, directory):
    array = {"f32q": f32q, "f32r": f32r, "u16": u16, "i64": i64}[name](np.random.default_rng(SEED), nbytes)
    path = os.path.join(directory, name)
    np.save(path + ".npy", array)
    np.savez(path + "-stored.npz", x=array)
    np.savez_compressed(path + "-deflated.npz", x=array)
    with zipfile.ZipFile(path + "-deflated.npz") as z:
        compressed = z.getinfo("x.npy").compress_size
    return {"bytes": array.nbytes, "crc": zlib.crc32(array), "dtype": str(array.dtype), "shape": array.shape,
            "header": os.path.getsize(path + ".npy") - array.nbytes, "ratio": array.nbytes / compressed}


def make_samples(nbytes, total, directory):
    """Counts of a camera, as u16, in samples of nbytes."""
    array = u16(np.random.default_rng(SEED), total).reshape(-1)
    array = array[:total // nbytes * nbytes // 2].reshape(-1, nbytes // 2)
    path = os.path.join(directory, "x")
    np.save(path + ".npy", array)
    np.savez(path + "-stored.npz", x=array)
    np.savez_compressed(path + "-deflated.npz", x=array)
    return {"bytes": array.nbytes, "shape": array.shape}


def make_volumes(count, shape, directory):
    rng = np.random.default_rng(SEED)
    for i in range(count):
        np.savez(os.path.join(directory, "volume%02d.npz" % i), x=rng.standard_normal(shape, dtype="f4"), y=np.uint8(i))
    return {"count": count, "shape": shape}


def make_many(count, directory):
    header = os.path.join(directory, "one.npy")
    np.save(header, np.zeros(1))
    with open(header, "rb") as f:
        content = f.read()
    os.remove(header)
    with zipfile.ZipFile(os.path.join(directory, "many.npz"), "w") as z:
        for i in range(count):
            z.writestr("layer%06d/weights.npy" % i, content)
    return {"count": count}


def make_labels(nbytes, directory):
    """What np.savez_compressed writes, without the array in memory."""
    rng, piece, total = np.random.default_rng(SEED), 32 << 20, 0
    pieces = math.ceil(nbytes / piece)
    with zipfile.ZipFile(os.path.join(directory, "long.npz"), "w", zipfile.ZIP_DEFLATED) as z:
        with z.open("x.npy", "w", force_zip64=True) as f:
            np.lib.format.write_array_header_1_0(f, {"descr": "<i8", "fortran_order": False, "shape": (pieces * piece // 8,)})
            for _ in range(pieces):
                labels = i64(rng, piece)
                total += int(labels.sum())
                f.write(labels.tobytes())
    return {"bytes": pieces * piece, "sum": total}


def main(task, *args):
    made = {
        "array": lambda: make_array(args[0], int(args[1]), args[2]),
        "samples": lambda: make_samples(int(args[0]), int(args[1]), args[2]),
        "volumes": lambda: make_volumes(int(args[0]), tuple(map(int, args[1].split(","))), args[2]),
        "many": lambda: make_many(int(args[0]), args[1]),
        "labels": lambda: make_labels(int(args[0]), args[1]),
    }[task]()
    print(json.dumps(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
