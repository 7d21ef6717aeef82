"""SPDL's reader of archives: each is read into memory whole, and its arrays are views of that where they are stored."""

import numpy as np
from spdl.io import load_npz

from batches import files, report
from protocol import main

LIMIT = 1 << 40  # of what it inflates: its default is 1 GiB


def read(path):
    with open(path, "rb") as f:
        return load_npz(f.read(), max_uncompressed_bytes=LIMIT)["x"]


def load(path, params):
    return report(np.load(params["order"]), lambda rows: read(path)[rows])


def volumes(path, params):
    paths = files(path)
    return report(np.load(params["order"]), lambda rows: [read(paths[i]) for i in rows])


main({"batches-load": load, "batches-volumes": volumes})
