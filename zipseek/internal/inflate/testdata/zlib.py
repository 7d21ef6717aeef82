"""Writes zlib.bin: streams of zlib itself, with every strategy, level, window, memLevel and flush.

Each is the length and the CRC-32 of what it means, the length of the stream (three little-endian
32-bit numbers), and the stream. Run with any Python 3: python3 zlib.py > zlib.bin
"""
import random
import struct
import sys
import zlib

rng = random.Random(1951)
words = [bytes(rng.choices(b"etaoin shrdlu", k=rng.randrange(1, 9))) for _ in range(200)]


def text(n):
    return b" ".join(rng.choices(words, k=n // 5 + 1))[:n]


def noise(n):
    return rng.randbytes(n)


def counts(n):
    return struct.pack("<%dH" % (n // 2), *(int(rng.gauss(300, 17)) for _ in range(n // 2)))


def floats(n):
    return struct.pack("<%df" % (n // 4), *(round(rng.gauss(15, 1), 1) for _ in range(n // 4)))


def runs(n):
    return b"".join(struct.pack("<q", rng.randrange(99)) * rng.randrange(1, 99) for _ in range(n // 200))[:n]


def mixed(n):
    return b"".join(rng.choice([text, noise, counts, runs])(n // 8) for _ in range(8))


strategies = [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED]
flushes = [None, zlib.Z_PARTIAL_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_BLOCK]
sources = [text, noise, counts, floats, runs, mixed]

out = sys.stdout.buffer
case = 0
for strategy in strategies:
    for flush in flushes:
        for level in (0, 1, 6, 9):
            source = sources[case % len(sources)]
            wbits = -(9 + case % 7)
            memlevel = 1 + case % 9
            # Some reach beyond the window.
            plain = source(rng.randrange(40000, 60000) if case % 50 == 7 else rng.randrange(1, 1500))
            c = zlib.compressobj(level, zlib.DEFLATED, wbits, memlevel, strategy)
            z = b""
            at = 0
            while at < len(plain):
                step = rng.randrange(1, len(plain) // 2 + 2)
                z += c.compress(plain[at : at + step])
                at += step
                if flush is not None:
                    z += c.flush(flush)
            z += c.flush()
            out.write(struct.pack("<III", len(plain), zlib.crc32(plain), len(z)) + z)
            case += 1
