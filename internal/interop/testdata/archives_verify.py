"""Read archives that were written elsewhere, with everything that Python has.

    archives_verify.py DIRECTORY

reads DIRECTORY/written.jsonl, where each line names an archive, its members in
order with the .npy files that they were made from, and what was promised of it.
Prints one line per disagreement, then "N archives checked".
"""

import io
import json
import os
import random
import sys
import zipfile

import numpy as np
from sozipfile import sozipfile

from arrays import raw_elements


def elements(content):
    """The array in a member, and its elements as plain bytes in C order."""
    array = np.load(io.BytesIO(content), max_header_size=1 << 20)
    raw = np.ndarray(array.shape, "V%d" % array.dtype.itemsize, buffer=content, offset=len(content) - array.nbytes,
                     order="F" if array.flags.fnc else "C")
    return array, raw.tobytes()


def through_numpy(path, members):
    """np.load: the keys in their order, dtypes, shapes, and elements where NumPy defines their bytes."""
    with np.load(path, max_header_size=1 << 20) as z:
        if z.files != [m["key"] for m in members]:
            yield "has the keys %r" % z.files
            return
        for m in members:
            want = raw_elements(m["npy"])[0]
            got = z[m["key"]]
            if got.dtype != want.dtype or np.lib.format.dtype_to_descr(got.dtype) != np.lib.format.dtype_to_descr(want.dtype):
                yield "%s: dtype %r instead of %r" % (m["key"], got.dtype, want.dtype)
            if got.shape != want.shape:
                yield "%s: shape %r instead of %r" % (m["key"], got.shape, want.shape)
            if got.dtype.fields is None and got.tobytes() != want.tobytes():
                yield "%s: elements differ" % m["key"]


def data_offset(file, info):
    """Where the data begin, by the local header alone."""
    file.seek(info.header_offset)
    head = file.read(30)
    return info.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")


def through_zipfile(path, members, align):
    """zipfile: checksums, every byte, and where stored data lie."""
    with zipfile.ZipFile(path) as z, open(path, "rb") as file:
        bad = z.testzip()
        if bad is not None:
            yield "%s is corrupt" % bad
        for m in members:
            info = z.getinfo(m["key"] + ".npy")
            array, raw = elements(z.read(info))
            if raw != raw_elements(m["npy"])[3].tobytes():
                yield "%s: bytes differ" % m["key"]
            if info.compress_type == zipfile.ZIP_STORED and array.size and m.get("ours", True) and data_offset(file, info) % align:
                yield "%s: data at %d" % (m["key"], data_offset(file, info))


def through_sozip(path, members, chunk_size):
    """sozipfile: there is an index, and seeking by it gives the same bytes.

    It looks for the index behind as many bytes of name as the name has characters,
    so it never finds that of a name that is not ASCII."""
    rng = random.Random(1)
    with sozipfile.ZipFile(path) as z:
        for m in members:
            info = z.getinfo(m["key"] + ".npy")
            if not m["key"].isascii() or not m.get("ours", True):
                continue
            want = info.compress_type == sozipfile.ZIP_DEFLATED and info.file_size > chunk_size
            if info.is_sozip_optimized(z) != want:
                yield "%s: SOZip index is %s, expected %s" % (m["key"], not want, want)
            if not want:
                continue
            content = z.read(info)
            with z.open(info) as f:
                for _ in range(20):
                    at, n = rng.randrange(len(content)), rng.choice([1, 100, 70_000])
                    f.seek(at)
                    if f.read(n) != content[at:at + n]:
                        yield "%s: %d bytes at %d differ by the SOZip index" % (m["key"], n, at)


def main(directory):
    checked = 0
    with open(os.path.join(directory, "written.jsonl")) as cases:
        for line in cases:
            case = json.loads(line)
            path = os.path.join(directory, case["file"])
            for m in case["members"]:
                m["npy"] = os.path.join(directory, m["npy"])
            for judge in [through_numpy(path, case["members"]),
                          through_zipfile(path, case["members"], case["align"]),
                          through_sozip(path, case["members"], case["chunk"])]:
                for trouble in judge:
                    print("%s (%s): %s" % (case["file"], case["how"], trouble))
            checked += 1
    print("%d archives checked" % checked)


if __name__ == "__main__":
    main(sys.argv[1])
