"""Random arrays of every dtype, written by NumPy, with what NumPy reads in them.

    arrays.py SEED COUNT DIRECTORY

writes COUNT files by np.save and manifest.jsonl, one JSON object per file.
Elements are judged as raw bytes, taken from the file itself, because NumPy
leaves the padding inside structured elements undefined when it copies.
"""

import hashlib
import json
import math
import os
import random
import sys
import warnings

import numpy as np

UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]
NUMBERS = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "g", "F", "D", "G"]
NAMES = ["a", "b", "x", "count", "with space", "quo'te", 'dou"ble', "back\\slash", "tab\t", "café", "Größe",
         "日本", "𝛼", "zero\u200bwidth", "f0", ""]


def scalar(rng):
    """A dtype without fields, in a random byte order."""
    kind = rng.choice("nnnnnnSUVMm")
    if kind == "n":
        dtype = np.dtype(rng.choice(NUMBERS))
    elif kind in "SU":
        dtype = np.dtype("%s%d" % (kind, rng.choice([1, 2, 3, 5, 9])))
    elif kind == "V":
        dtype = np.dtype("V%d" % rng.choice([0, 1, 2, 3, 4, 7, 16]))
    else:
        unit = rng.choice(["", "[%s]" % rng.choice(UNITS), "[%d%s]" % (rng.randint(2, 99), rng.choice(UNITS))])
        dtype = np.dtype(kind + "8" + unit)
    return dtype.newbyteorder(rng.choice("<>"))


def structured(rng, depth=0):
    """A dtype with fields: nested, with subarrays, titles, padding, alignment."""
    names = rng.sample(NAMES[:-1], rng.randint(1, 4))
    formats = []
    for _ in names:
        inner = structured(rng, depth + 1) if depth < 2 and rng.random() < 0.2 else scalar(rng)
        if inner.itemsize and rng.random() < 0.25:  # NumPy has no subarrays of nothing
            inner = np.dtype((inner, tuple(rng.choice([1, 2, 3]) for _ in range(rng.randint(1, 2)))))
        formats.append(inner)
    layout = rng.choice(["packed", "aligned", "padded"])
    spec = {"names": names, "formats": formats}
    if rng.random() < 0.2:
        spec["titles"] = ["title of " + n if rng.random() < 0.7 else None for n in names]
    if layout == "aligned":
        return np.dtype(spec, align=True)
    if layout == "padded":
        offset, spec["offsets"] = 0, []
        for f in formats:
            offset += rng.choice([0, 0, 1, 4])
            spec["offsets"].append(offset)
            offset += f.itemsize
        spec["itemsize"] = offset + rng.choice([0, 3])
    return np.dtype(spec)


def random_shape(rng):
    ndim = rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 5])
    limit = {0: 1, 1: 700, 2: 30, 3: 11, 4: 6, 5: 4}[ndim]
    shape = [rng.randint(1, limit) for _ in range(ndim)]
    if ndim and rng.random() < 0.08:
        shape[rng.randrange(ndim)] = 0
    return tuple(shape)


def random_bytes(rng, dtype, n):
    """n elements as bytes: any bit pattern, except where text must stay text."""
    data = bytearray(rng.randbytes(n * dtype.itemsize))
    if dtype.kind == "b" and rng.random() < 0.8:
        data = bytearray(b & 1 for b in data)
    if dtype.kind == "U":
        codes = [rng.choice([0, 65 + rng.randrange(26), rng.randint(0xC0, 0x24F), rng.randint(0x10000, 0x1FFFF)])
                 for _ in range(len(data) // 4)]
        data = bytearray(np.array(codes, dtype=dtype.str[0] + "u4").tobytes())
    if dtype.kind == "S":
        data = bytearray(0 if rng.random() < 0.3 else b for b in data)
    return data


def random_slice(rng, n):
    """A slice of an axis of n elements; some reach beyond it, some are empty."""
    start, stop, step = sorted([rng.randint(-2, n + 2), rng.randint(-2, n + 2)]) + [rng.choice([1, 1, 1, 2, 3, n + 1])]
    if rng.random() < 0.4:
        start, stop, step = stop, start, -step
    start = rng.choice(["", str(start), str(start - n)])
    stop = rng.choice(["", str(stop), str(stop - n)])
    step = rng.choice(["", ":"]) if step == 1 else ":%d" % step
    return start + ":" + stop + step


def random_index(rng, shape):
    """A basic index as text: integers, slices, an ellipsis, new axes."""
    items, named = [], max(rng.randint(0, len(shape)), rng.randint(0, len(shape)))
    for n in shape[:named]:
        if n > 0 and rng.random() < 0.3:
            items.append(str(rng.randint(-n, n - 1)))
        else:
            items.append(random_slice(rng, n))
    if rng.random() < 0.35:
        # From the ellipsis on, the items belong to the last axes.
        at = rng.randint(0, len(items))
        tail = []
        for n in shape[len(shape) - (len(items) - at):] if at < len(items) else []:
            tail.append(random_slice(rng, n))
        items = items[:at] + ["..."] + tail
    while rng.random() < 0.15:
        items.insert(rng.randint(0, len(items)), rng.choice(["newaxis", "None"]))
    return ", ".join(items) or "..."


def parse_index(text):
    """The index object that the text means between brackets."""
    index = eval("_[%s]" % text, {"_": np.s_, "newaxis": None})
    index = index if isinstance(index, tuple) else (index,)
    # An ellipsis makes full indexing give a 0-d array instead of a scalar.
    return index if any(i is Ellipsis for i in index) else index + (Ellipsis,)


def digest(raw):
    return hashlib.sha256(raw.tobytes()).hexdigest()


def load(path):
    return np.load(path, max_header_size=1 << 20)


def raw_elements(path):
    """The loaded array, the offset of its data and its elements as plain bytes."""
    loaded = load(path)
    with open(path, "rb") as f:
        content = f.read()
    offset = len(content) - loaded.nbytes  # np.save writes nothing behind the data
    order = "F" if loaded.flags.fnc else "C"
    raw = np.ndarray(loaded.shape, "V%d" % loaded.dtype.itemsize, buffer=content, offset=offset, order=order)
    return loaded, content[6], offset, raw


def values(array):
    """The first elements as NumPy reads them, exactly, for kinds that have one."""
    out = []
    for x in array.ravel(order="C")[:4]:
        if array.dtype.kind in "iub":
            out.append(str(int(x)))
        elif array.dtype.kind in "mM":
            out.append(str(x.astype("i8")))
        elif array.dtype.kind == "f" and array.dtype.itemsize <= 8:
            out.append(float(x).hex())
        elif array.dtype.kind == "U":
            out.append(str(x))
        elif array.dtype.kind == "S":
            out.append(bytes(x).hex())
        else:
            return None
    return out


def make(rng, path):
    """Write one random file."""
    dtype = structured(rng) if rng.random() < 0.3 else scalar(rng)
    shape = random_shape(rng)
    n = math.prod(shape)
    data = random_bytes(rng, dtype, n)
    order = rng.choice("CCF") if dtype.itemsize else "C"  # elements without bytes lie in every order
    array = np.ndarray(shape, dtype, buffer=data, order=order)
    if rng.random() < 0.1 and array.ndim:
        array = array[(slice(None, None, -1),) * array.ndim]  # neither order: saved in C order
    np.save(path, array)


def describe(rng, path):
    loaded, version, offset, raw = raw_elements(path)
    slices = []
    for _ in range(3):
        text = random_index(rng, loaded.shape)
        part = raw[parse_index(text)]
        slices.append({"index": text, "shape": list(part.shape), "sha256": digest(part)})
    return {
        "file": os.path.basename(path),
        "version": version,
        "descr": repr(np.lib.format.dtype_to_descr(loaded.dtype)),
        "dtype": str(loaded.dtype),
        "itemsize": loaded.dtype.itemsize,
        "shape": list(loaded.shape),
        "fortran": bool(loaded.flags.fnc),
        "offset": offset,
        "sha256": digest(raw),
        "values": values(loaded),
        "slices": slices,
    }


def special(directory):
    """Files that chance would not make: headers of versions 2 and 3, objects."""
    wide = np.dtype([("field_number_%05d" % i, "<i2") for i in range(3000)])
    np.save(os.path.join(directory, "wide.npy"), np.arange(6000, dtype="<i2").view(wide))
    np.save(os.path.join(directory, "none.npy"), np.zeros((2, 3), dtype=[]))
    np.save(os.path.join(directory, "object.npy"), np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    np.save(os.path.join(directory, "object_field.npy"), np.zeros(2, dtype=[("a", "O"), ("b", "i4")]), allow_pickle=True)


def main(seed, count, directory):
    warnings.simplefilter("ignore")  # on headers of versions 2 and 3, which are meant
    rng = random.Random(seed)
    special(directory)
    with open(os.path.join(directory, "manifest.jsonl"), "w") as manifest:
        for name in ["wide.npy", "none.npy"]:
            print(json.dumps(describe(rng, os.path.join(directory, name))), file=manifest)
        for name in ["object.npy", "object_field.npy"]:
            print(json.dumps({"file": name, "refused": True}), file=manifest)
        for i in range(count):
            path = os.path.join(directory, "%05d.npy" % i)
            make(rng, path)
            print(json.dumps(describe(rng, path)), file=manifest)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
