"""Arrays, and archives of them by every writer that is at hand.

    archives.py SEED COUNT DIRECTORY          COUNT random arrays and a few large ones, and archives
                                              of all of them by each writer
    archives.py SEED COUNT DIRECTORY ARCHIVES COUNT random arrays, and ARCHIVES random archives

writes the arrays as .npy files with manifest.jsonl, what NumPy reads in them, and
the archives with archives.jsonl, one JSON object per archive: who wrote it, and for
each member its key, the array it holds, and whether it has a SOZip index. The zip
command and the packages of .ci/requirements.txt are the writers.
"""

import io
import itertools
import json
import os
import random
import subprocess
import sys
import warnings
import zipfile

import numpy as np
from sozipfile import sozipfile

import arrays

# Keys that are harder than "x": folders, blanks, more than ASCII, and suffixes that
# look like something else.
KEYS = ["x", "a/b", "a/c/d", "with space", "größe", "日本/α", "x.y", "-", "UPPER", "f" * 150]


def large(directory):
    """Arrays of more than a MiB: of several chunks and checkpoints when they are deflated."""
    rng = np.random.default_rng(7)
    record = np.dtype([("id", "<i4"), ("xyz", "<f4", 3), ("name", "S8")])
    records = np.zeros(60_000, record)
    records["id"] = np.arange(len(records))
    records["xyz"] = rng.normal(size=(len(records), 3)).round(2)
    made = {
        "rounded": np.cumsum(rng.normal(size=(900, 1000)), axis=1).round(2).astype("f4"),
        "counts": rng.poisson(12, size=(700, 1000)).astype("u2"),
        "labels": np.repeat(rng.integers(0, 500, 3000), 100).astype("i8"),
        "noise": np.asfortranarray(rng.normal(size=(300, 500))),
        "records": records,
        "complex": (rng.normal(size=75_000) + 1j).astype("c16"),
        "text": np.array(["line %d of the text" % i for i in range(15_000)], "U24"),
        "random": rng.integers(0, 256, 1_200_000).astype("u1"),
        "zeros": np.zeros((1024, 1024), "i4"),
        "bigendian": np.arange(150_000).astype(">f8").reshape(150, 10, 100),
        "half": rng.normal(size=(64, 64, 140)).astype("f2"),
        "dates": np.arange("2000-01-01", "2000-06-01", dtype="M8[m]"),
        "flags": rng.random(1_200_000) < 0.1,
    }
    for name, array in made.items():
        np.save(os.path.join(directory, name + ".npy"), array)
    return list(made)


def small(directory):
    """Arrays that have next to nothing in them."""
    made = {
        "empty": np.zeros((0, 5), "f4"),
        "nothing": np.zeros((3, 0, 2), "i8"),
        "scalar": np.array(42.5),
        "one": np.ones(1, "u1"),
        "boolean": np.array(True),
    }
    for name, array in made.items():
        np.save(os.path.join(directory, name + ".npy"), array)
    return list(made)


class Pipe(io.RawIOBase):
    """A file that can only be written forward, as a pipe is."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)

    def close(self):
        self.file.close()
        super().close()


class Foreign:
    """Writes archives and notes what is in them."""

    def __init__(self, directory):
        self.directory = directory
        self.notes = open(os.path.join(directory, "archives.jsonl"), "w")
        self.manifest = open(os.path.join(directory, "manifest.jsonl"), "w")
        self.count = 0

    def path(self, name):
        return os.path.join(self.directory, name)

    def describe(self, rng, name):
        print(json.dumps(arrays.describe(rng, self.path(name))), file=self.manifest)

    def note(self, archive, writer, members):
        """members: (key, member, file, whether it has a SOZip index)."""
        print(json.dumps({"file": archive, "writer": writer, "members": [
            {"key": key, "member": member, "npy": npy, "sozip": sozip} for key, member, npy, sozip in members
        ]}), file=self.notes)

    def archive(self):
        self.count += 1
        return "archive%04d.npz" % self.count

    def numpy(self, rng, items, save):
        """By np.savez or np.savez_compressed. What it puts in for padding is its own: the members are
        taken out again to be compared with."""
        archive = self.archive()
        save(self.path(archive), **{key: arrays.load(self.path(name)) for key, name in items})
        members = []
        with zipfile.ZipFile(self.path(archive)) as z:
            for i, (key, _) in enumerate(items):
                npy = "%s.%d.npy" % (archive, i)
                with open(self.path(npy), "wb") as f:
                    f.write(z.read(key + ".npy"))
                self.describe(rng, npy)
                members.append((key, key + ".npy", npy, False))
        self.note(archive, save.__name__, members)

    def python(self, items, title, target=None, comment=b"", ahead=b"", suffix=".npy", force_zip64=False, **options):
        """By Python's zipfile."""
        archive = self.archive()
        if ahead:
            with open(self.path(archive), "wb") as f:
                f.write(ahead)
        file = target(self.path(archive)) if target else self.path(archive)
        with zipfile.ZipFile(file, "a" if ahead else "w", **options) as z:
            z.comment = comment
            for key, name in items:
                with open(self.path(name), "rb") as f, z.open(key + suffix, "w", force_zip64=force_zip64) as member:
                    member.write(f.read())
        if target:
            file.close()
        self.note(archive, "zipfile, " + title, [(key, key + suffix, name, False) for key, name in items])

    def sozip(self, items, chunk_size, level=None):
        """By the reference implementation of SOZip, which has an index for what is larger than a chunk."""
        archive = self.archive()
        with sozipfile.ZipFile(self.path(archive), "w", compression=sozipfile.ZIP_DEFLATED, compresslevel=level, chunk_size=chunk_size) as z:
            for key, name in items:
                z.write(self.path(name), key + ".npy")
        self.note(archive, "sozipfile", [
            (key, key + ".npy", name, os.path.getsize(self.path(name)) > chunk_size) for key, name in items
        ])

    def zip(self, items, *options, stream=False):
        """By the zip command, from a folder where the arrays are called as their members."""
        archive = self.archive()
        tree = self.path(archive + ".tree")
        for key, name in items:
            to = os.path.join(tree, key + ".npy")
            os.makedirs(os.path.dirname(to), exist_ok=True)
            os.link(self.path(name), to)
        # "./-.npy" is stored as "-.npy"; without the folder it would be an option.
        command = ["zip", "-q", "-r", *options, "-" if stream else self.path(archive)] + ["./" + key + ".npy" for key, _ in items]
        environment = dict(os.environ, LC_ALL="C.UTF-8")
        if stream:
            # A pipe, so that sizes and checksums come behind the data.
            process = subprocess.run(command, cwd=tree, env=environment, check=True, stdout=subprocess.PIPE)
            with open(self.path(archive), "wb") as f:
                f.write(process.stdout)
        else:
            subprocess.run(command, cwd=tree, env=environment, check=True)
        # Without -UN=UTF8 it writes the bytes of a name and does not say what they mean: zipfile is to say.
        with zipfile.ZipFile(self.path(archive)) as z:
            found = [name for name in z.namelist() if not name.endswith("/")]
        self.note(archive, "zip " + " ".join(options) + (" to a pipe" if stream else ""),
                  [(member.removesuffix(".npy"), member, name, False) for member, (_, name) in zip(found, items, strict=True)])

    def zip_stdin(self, name):
        """By the zip command from its standard input, which gives a member called "-"."""
        archive = self.archive()
        with open(self.path(name), "rb") as f:
            subprocess.run(["zip", "-q", self.path(archive), "-"], stdin=f, check=True)
        self.note(archive, "zip from a pipe", [("-", "-", name, False)])

    def close(self):
        self.notes.close()
        self.manifest.close()


def everyone(rng, out, items):
    """All arrays by NumPy, and a few by each of the other writers in each of its ways."""
    out.numpy(rng, items, np.savez)
    out.numpy(rng, items, np.savez_compressed)
    # A fourth of the large arrays, and of the others, comes to each.
    turns = itertools.cycle(range(4))

    def some():
        return items[next(turns)::4]

    for options in [["-0"], ["-1"], ["-6"], ["-9"], ["-X", "-6"], ["-Z", "bzip2"], ["-6", "-UN=UTF8"], ["-0", "-UN=UTF8"]]:
        out.zip(some(), *options)
    out.zip(some(), "-6", stream=True)
    out.zip(some(), "-0", stream=True)
    out.zip_stdin("rounded.npy")
    deflated = {"compression": zipfile.ZIP_DEFLATED}
    out.python(some(), "stored")
    out.python(some(), "deflated", **deflated)
    for level in [0, 1, 9]:
        out.python(some(), "level %d" % level, compresslevel=level, **deflated)
    out.python(some(), "zip64", force_zip64=True, **deflated)
    out.python(some(), "zip64 stored", force_zip64=True)
    out.python(some(), "bzip2", compression=zipfile.ZIP_BZIP2)
    out.python(some(), "prepended", ahead=b"#!/bin/sh\nexit 0\n" * 1000, **deflated)
    out.python(some(), "prepended stored", ahead=b"PK\x03\x04 but not really" * 7)
    out.python(some(), "comment", comment=b"all that is known of it " * 99, **deflated)
    out.python(some(), "to a pipe", target=Pipe, **deflated)
    out.python(some(), "to a pipe, stored", target=Pipe)
    out.python(some(), "without suffix", suffix="", **deflated)
    for chunk_size in [32 << 10, 256 << 10, 1 << 20]:
        out.sozip(some(), chunk_size)
    out.sozip(some(), 100_000, level=1)


def random_archive(rng, out, names):
    """A few arrays under random keys, by a random writer."""
    keys = set(rng.sample(KEYS, rng.randint(0, 3)))
    alphabet = "abcXYZ019 _.-+()[]{}ßéЖ中🙂"
    while len(keys) < 5:
        keys.add("".join(rng.choice(alphabet) for _ in range(rng.randint(1, 12))).strip(" ./-") or "k")
    keys = sorted(keys)
    rng.shuffle(keys)
    items = [(key, name) for key, name in zip(keys, rng.sample(names, rng.randint(1, len(keys))))]
    level = rng.randint(0, 9)
    rng.choice([
        lambda: out.numpy(rng, items, rng.choice([np.savez, np.savez_compressed])),
        lambda: out.python(items, "stored", force_zip64=rng.random() < 0.5),
        lambda: out.python(items, "level %d" % level, compression=zipfile.ZIP_DEFLATED, compresslevel=level,
                           comment=rng.randbytes(rng.randint(0, 40)), ahead=rng.choice([b"", rng.randbytes(99)]),
                           suffix=rng.choice([".npy", ".npy", ""])),
        lambda: out.python(items, "to a pipe", target=Pipe, compression=rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])),
        lambda: out.sozip(items, rng.choice([4096, 10_000, 32 << 10]), level=rng.randint(1, 9)),
        lambda: out.zip([i for i in items if "[" not in i[0]] or [("k", items[0][1])], "-%d" % level, rng.choice(["-q", "-UN=UTF8"]), stream=rng.random() < 0.5),
    ])()


def main(seed, count, directory, archives=0):
    warnings.simplefilter("ignore")  # on headers of versions 2 and 3, which are meant
    rng, out = random.Random(seed), Foreign(directory)
    # The large ones come first, and get the harder keys.
    names = [] if archives else large(directory) + small(directory)
    for i in range(count):
        names.append("%05d" % i)
        arrays.make(rng, out.path(names[-1] + ".npy"))
    for name in names:
        out.describe(rng, name + ".npy")
    files = [name + ".npy" for name in names]
    if archives:
        for _ in range(archives):
            random_archive(rng, out, files)
    else:
        everyone(rng, out, list(zip(KEYS + names[len(KEYS):], files)))
    out.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
