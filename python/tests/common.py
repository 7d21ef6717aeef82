"""What the tests share: training files, and a look at the processes and files that are there."""

import os
import sys
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np

import lazynpy

HERE = Path(__file__).resolve().parent
LONG = bool(os.environ.get("LAZYNPY_LONG"))
SEED = int(os.environ.get("LAZYNPY_SEED", "1"))

assert not Path(lazynpy.__file__).resolve().is_relative_to(HERE.parent), "the tests are of an installed wheel"


class Case(unittest.TestCase):
    """A test with a folder of its own, after which no feeder of this process may be left."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.addCleanup(self.no_feeders)

    def no_feeders(self):
        self.assertEqual(children(), [], "feeders are left")

    def feed(self, *args, **options):
        ds = lazynpy.feed(*args, **options)
        self.addCleanup(ds.close)
        return ds

    def files(self, lengths=(7, 3, 12, 1), seed=1, **options):
        """Files of x (n, 3) f4, y (n,) i8, and i (n,) i4, which numbers the samples."""
        return write(self.folder, lengths, seed, **options)


def write(folder, lengths, seed=1, compressed=False):
    rng = np.random.default_rng(seed)
    first = 0
    for k, n in enumerate(lengths):
        i = np.arange(first, first + n, dtype="i4")
        save = np.savez_compressed if compressed else np.savez
        save(folder / f"part{k}.npz", x=rng.standard_normal((n, 3)).astype("f4"), y=rng.integers(0, 4, n), i=i)
        first += n
    return str(folder / "part*.npz")


def separable(folder, n=960, seed=5):
    """Files of two classes that a line divides: x (n, 8) f4, y (n,) f4."""
    rng = np.random.default_rng(seed)
    w = rng.standard_normal(8)
    x = rng.standard_normal((2 * n, 8))
    x = x[np.abs(x @ w) > 0.5][:n].astype("f4")
    y = (x @ w > 0).astype("f4")
    for k, (a, b) in enumerate(zip(np.array_split(x, 3), np.array_split(y, 3))):
        np.savez(folder / f"train{k}.npz", x=a, y=b)
    return str(folder / "train*.npz")


def children(pid=None):
    """Processes that are children of one, or of this one, and are feeders."""
    return [p for p, parent, command in processes() if parent == (pid or os.getpid()) and b"\0feed\0" in command]


def feeders():
    """All feeders of the installed package, whoever's they are."""
    return {p for p, _, command in processes() if command.startswith(lazynpy.binary().encode() + b"\0feed\0")}


def rings():
    """Feeders of the installed package, and processes of this interpreter, that map the memory of a feeder."""
    programs = {os.path.realpath(p) for p in (lazynpy.binary(), sys.executable)}
    found = set()
    for p in Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                if os.readlink(p / "exe") in programs and "memfd:lazynpy-feed" in (p / "maps").read_text():
                    found.add(int(p.name))
            except OSError:  # it is gone, or another user's
                pass
    return found


def processes():
    for p in Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                command = (p / "cmdline").read_bytes()
                parent = int((p / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if command:  # of a zombie it is empty
                yield int(p.name), parent, command


def alive(pid):
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait(for_what, complaint, seconds=20):
    """Wait for something that is there at once; the time is for machines that are busy."""
    until = time.monotonic() + seconds
    while not for_what():
        if time.monotonic() > until:
            raise AssertionError(complaint)
        time.sleep(0.002)
