"""Changes bytes of archives, and says what Python's zipfile makes of each.

    mutated_archives.py SEED COUNT TABLE DIR

The archives are those of TABLE (testdata/zip/ambiguous.jsonl) and some that zipfile, zip and gzip-like writers make. One
to three changes are made to each: bytes, fields of the headers, pieces cut, doubled, moved or put in.
"""

import base64
import importlib.util
import io
import json
import os
import random
import struct
import sys
import warnings
import zipfile
import zlib


def written(rnd):
    """An archive as zipfile writes it."""
    b = io.BytesIO()
    if rnd.random() < 0.3:
        b.write(bytes(rnd.randrange(1, 60)))
    method = rnd.choice([0, 0, 8, 8, 12, 14])
    names = ["x", "y.npy", "ä.npy", "d/z", "d/"]
    for mode in ("w", "a")[: rnd.randrange(1, 3)]:
        with zipfile.ZipFile(b, mode, method) as z:
            for i in range(rnd.randrange(1, 4)):
                z.writestr(rnd.choice(names), rnd.randbytes(rnd.choice([0, 1, 20, 300])) + b"0" * rnd.choice([0, 100]))
            if rnd.random() < 0.3:
                z.comment = b"a comment"
    return b.getvalue()


INTERESTING = [0, 1, 2, 8, 12, 14, 22, 30, 46, 56, 76, 0x7F, 0xFF, 0x800, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
SIGNATURES = [b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08", b"PK\5\5"]


def mutate(data, rnd, others):
    b = bytearray(data)
    for _ in range(rnd.choice([1, 1, 1, 2, 2, 3])):
        kind = rnd.randrange(9)
        if len(b) < 30:
            b += rnd.randbytes(30)
        if kind == 0:
            b[rnd.randrange(len(b))] = rnd.randrange(256)
        elif kind <= 3:  # a field near a signature
            places = [i for s in SIGNATURES for i in range(len(b)) if b[i : i + 4] == s]
            at = (rnd.choice(places) if places else 0) + rnd.randrange(4, 48)
            size = rnd.choice([1, 2, 4])
            if at + size <= len(b):
                old = int.from_bytes(b[at : at + size], "little")
                new = rnd.choice([old + 1, old - 1, old + rnd.randrange(100), old - rnd.randrange(100), rnd.choice(INTERESTING), len(b), rnd.randrange(len(b))])
                b[at : at + size] = (new % 256**size).to_bytes(size, "little")
        elif kind == 4:  # cut
            at = rnd.randrange(len(b))
            del b[at : at + rnd.choice([1, 2, 10, 22, 46, 100])]
        elif kind == 5:  # double or move a piece
            at, n = rnd.randrange(len(b)), rnd.choice([4, 22, 30, 47, 76, 98, 200])
            piece = b[at : at + n]
            to = rnd.choice([0, len(b), rnd.randrange(len(b))])
            b[to:to] = piece
        elif kind == 6:  # put something in
            to = rnd.choice([0, len(b), rnd.randrange(len(b))])
            b[to:to] = rnd.choice(SIGNATURES + [rnd.randbytes(5), struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, rnd.randrange(100), rnd.randrange(200), 0)])
        elif kind == 7:  # another archive before, behind or in it
            to = rnd.choice([0, len(b), rnd.randrange(len(b))])
            b[to:to] = rnd.choice(others)
        else:
            del b[rnd.randrange(len(b)) :]
    return bytes(b)


def mend_sums(data, rnd):
    """Makes checksums right where it is easy, so that more than sums is tested."""
    try:
        z = zipfile.ZipFile(io.BytesIO(data))
    except Exception:
        return data
    b = bytearray(data)
    for info in z.infolist():
        zipfile.ZipExtFile._update_crc, old = lambda self, new: None, zipfile.ZipExtFile._update_crc
        try:
            sum_ = zlib.crc32(z.open(info).read())
        except Exception:
            continue
        finally:
            zipfile.ZipExtFile._update_crc = old
        at = bytes(b).find(b"PK\1\2")
        while at >= 0:
            if b[at + 16 : at + 20] == struct.pack("<I", info.CRC):
                b[at + 16 : at + 20] = struct.pack("<I", sum_)
            at = bytes(b).find(b"PK\1\2", at + 1)
    return bytes(b)


def renamed(self):
    """What ZipInfo does with extra fields, and since Python 3.12 with the name in them."""
    old(self)
    raw, extra = self.orig_filename.encode("utf-8" if self.flag_bits & 0x800 else "cp437"), self.extra
    while len(extra) >= 4:
        tag, n = struct.unpack("<HH", extra[:4])
        if tag == 0x7075 and n > 5 and extra[4] == 1 and extra[5:9] == struct.pack("<I", zlib.crc32(raw)):
            self.filename = extra[9 : 4 + n].decode("utf-8").split("\0")[0]
        extra = extra[4 + n :]


if sys.version_info < (3, 12):
    old, zipfile.ZipInfo._decodeExtra = zipfile.ZipInfo._decodeExtra, renamed


def main():
    warnings.simplefilter("ignore")
    seed, count, table, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    spec = importlib.util.spec_from_file_location("ambiguous", os.path.join(os.path.dirname(table), "ambiguous.py"))
    ambiguous = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ambiguous)
    rnd = random.Random(seed)
    with open(table) as f:
        bases = [base64.b64decode(json.loads(line)["archive"]) for line in f]
    bases += [written(rnd) for _ in range(60)]
    for i in range(count):
        data = mutate(rnd.choice(bases), rnd, bases)
        if rnd.random() < 0.7:
            data = mend_sums(data, rnd)
        name = "%06d.zip" % i
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
        print(json.dumps([name, ambiguous.verdict(data)]))


if __name__ == "__main__":
    main()
