"""Write training files to the directory, and print the batches that Keras generators over them yield.

The generators are those that people write: a sample is a row of the arrays of a file, the arrays of
a batch are stacked name by name. Each line is a case: its name, and the batches as lists of arrays.
"""

import json
import sys
import zlib
from pathlib import Path

import numpy as np

BATCH = 4
LENGTHS = [5, 1, 9, 4]


def write(folder):
    rng = np.random.default_rng(11)
    files = []
    for i, n in enumerate(LENGTHS):
        x1 = rng.integers(0, 65536, (n, 3, 4)).astype("<u2")
        x2 = rng.standard_normal((n, 3, 2)).astype("<f4")
        y = rng.integers(0, 6, n).astype("<i8")
        if i == 1:
            x1, y = x1.astype(">u2"), y.astype(">i8")
        if i == 2:
            x1, x2 = np.asfortranarray(x1), np.asfortranarray(x2)
        path = folder / f"part{i + 9}.npz"
        (np.savez_compressed if i == 3 else np.savez)(path, x1=x1, x2=x2, y=y)
        files.append(path)
    for i in range(6):
        np.savez(folder / f"whole{i}.npz", x=np.full((2, 3), i, "<f8"), y=np.array(i))
    return files


class NPZSequence:
    """Batches of rows of all files, in order; the last one is short."""

    def __init__(self, paths, inputs, targets, transform=None):
        self.files = [np.load(p) for p in paths]
        self.inputs, self.targets, self.transform = inputs, targets, transform
        self.index = [(f, i) for f in range(len(paths)) for i in range(len(self.files[f][inputs[0]]))]

    def rows(self, name, index):
        return np.stack([self.files[f][name][i] for f, i in index])

    def __iter__(self):
        for at in range(0, len(self.index), BATCH):
            index = self.index[at : at + BATCH]
            x = [self.rows(name, index) for name in self.inputs]
            yield (self.transform(x) if self.transform else x) + [self.rows(name, index) for name in self.targets]


class WindowSequence:
    """Batches of windows, of each file or of all files as one sequence."""

    def __init__(self, paths, length, stride, target, across=False):
        files = [np.load(p) for p in paths]
        pairs = [(f["x1"], f["y"]) for f in files]
        if across:
            pairs = [tuple(np.concatenate(a) for a in zip(*pairs))]
        self.windows = []
        ahead = 1 if target == "next" else 0
        for x, y in pairs:
            for at in range(0, len(x) - length - ahead + 1, stride):
                end = at + length
                self.windows.append((x[at:end], y[at:end] if target == "steps" else y[end - 1 + ahead]))

    def __iter__(self):
        for at in range(0, len(self.windows), BATCH):
            part = self.windows[at : at + BATCH]
            yield [np.stack([x for x, _ in part]), np.stack([y for _, y in part])]


class FileSequence:
    """Batches of files, each of which is one sample."""

    def __init__(self, paths):
        self.paths = paths

    def __iter__(self):
        for at in range(0, len(self.paths), BATCH):
            files = [np.load(p) for p in self.paths[at : at + BATCH]]
            yield [np.stack([f["x"] for f in files]), np.stack([f["y"] for f in files])]


def computed(x, mean, std):
    x1, x2 = x
    return [((x1.astype("f8") * (1 / 65535) - mean) / std).astype("f4"), x2[..., [1, 0, 1]].astype("f8")]


def cases(folder, files):
    yield "plain", NPZSequence(files, ["x1", "x2"], ["y"])
    yield "joined", NPZSequence(files, ["x1", "x2"], ["y"], lambda x: [np.concatenate(x, axis=-1)])
    mean, std = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.7])
    yield "computed", NPZSequence(files, ["x1", "x2"], [], lambda x: computed(x, mean, std))
    yield "windows", WindowSequence(files, 3, 1, "last")
    yield "steps", WindowSequence(files, 3, 2, "steps")
    yield "next", WindowSequence(files, 2, 1, "next")
    yield "across", WindowSequence(files, 6, 4, "last", across=True)
    yield "files", FileSequence([folder / f"whole{i}.npz" for i in range(6)])


def describe(a):
    a = np.ascontiguousarray(a.astype(a.dtype.newbyteorder("=")))
    return {"descr": a.dtype.str, "shape": a.shape, "crc": zlib.crc32(a.tobytes())}


def main():
    folder = Path(sys.argv[1])
    files = write(folder)
    for name, batches in cases(folder, files):
        print(json.dumps({"name": name, "batches": [[describe(a) for a in arrays] for arrays in batches]}))
    labels = np.concatenate([np.load(f)["y"] for f in files])
    print(json.dumps({"name": "one-hot", "batches": [[describe(np.eye(6, dtype="f4")[labels[i : i + BATCH]])] for i in range(0, len(labels), BATCH)]}))


if __name__ == "__main__":
    main()
