"""Archives beyond the numbers of the first .zip format: of more than 65,535 members, and of more than 4 GiB.

    archives_large.py write-many PATH COUNT        COUNT arrays of one element: member "k17" holds 17
    archives_large.py read-many PATH COUNT
    archives_large.py write-huge PATH METHOD       see below; METHOD is "stored" or "deflated"
    archives_large.py read-huge PATH METHOD

A huge archive has three members: "before", "huge" and "after". "huge" is an array
of bytes, 4 GiB and 80 MiB long, that is zero but for eight bytes every 32 MiB, which
are the number of the position as uint64. The others hold the numbers 1 and 2.
"""

import os
import random
import sys
import zipfile

import numpy as np

HUGE = (4 << 30) + (80 << 20)
EVERY = 32 << 20
PIECE = 8 << 20


def header(shape, descr):
    """What np.save writes before the data."""
    from io import BytesIO

    f = BytesIO()
    np.lib.format.write_array_header_1_0(f, {"descr": descr, "fortran_order": False, "shape": shape})
    return f.getvalue()


class Sparse:
    """A file in which pieces of nothing but zeros become holes."""

    def __init__(self, path):
        self.file = open(path, "w+b")

    def write(self, data):
        if len(data) >= 4096 and data.count(0) == len(data):
            self.file.seek(len(data), os.SEEK_CUR)
            return len(data)
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)


def pieces():
    zeros = bytes(PIECE)
    for at in range(0, HUGE, PIECE):
        if at % EVERY:
            yield zeros
        else:
            # Apart, so that the zeros stay a hole.
            yield at.to_bytes(8, "little") + bytes(4088)
            yield zeros[4096:]


def write_many(path, count):
    head = header((1,), "<i8")
    with zipfile.ZipFile(path, "w") as z:
        for i in range(count):
            z.writestr("k%d.npy" % i, head + i.to_bytes(8, "little"))


def read_many(path, count):
    with np.load(path) as z:
        assert z.files == ["k%d" % i for i in range(count)], "keys differ"
        for i in [0, 1, 65534, 65535, 65536, count - 1] + random.Random(1).sample(range(count), 2000):
            assert z["k%d" % i].tolist() == [i], i
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None


def write_huge(path, method):
    compression = zipfile.ZIP_DEFLATED if method == "deflated" else zipfile.ZIP_STORED
    file = Sparse(path)
    with zipfile.ZipFile(file, "w", compression, compresslevel=1) as z:
        z.writestr("before.npy", header((1,), "<i8") + (1).to_bytes(8, "little"))
        with z.open("huge.npy", "w", force_zip64=True) as f:
            f.write(header((HUGE,), "|u1"))
            for piece in pieces():
                f.write(piece)
        z.writestr("after.npy", header((1,), "<i8") + (2).to_bytes(8, "little"))
    file.close()


def read_huge(path, method):
    with np.load(path) as z:
        assert z.files == ["before", "huge", "after"], z.files
        assert z["before"].tolist() == [1] and z["after"].tolist() == [2]
    with zipfile.ZipFile(path) as z:
        info = z.getinfo("huge.npy")
        assert (info.compress_type == zipfile.ZIP_DEFLATED) == (method == "deflated"), info
        head = header((HUGE,), "|u1")
        assert info.file_size == len(head) + HUGE, info
        # Once through, to the end, where the checksum is compared.
        with z.open(info) as f:
            assert f.read(len(head)) == head
            for want in pieces():
                assert f.read(len(want)) == want, "content differs"
            assert f.read() == b""
    print("read")


def main(task, path, argument):
    {"write-many": lambda: write_many(path, int(argument)), "read-many": lambda: read_many(path, int(argument)),
     "write-huge": lambda: write_huge(path, argument), "read-huge": lambda: read_huge(path, argument)}[task]()


if __name__ == "__main__":
    main(*sys.argv[1:])
