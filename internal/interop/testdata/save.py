"""Judges arrays that lazynpy saved: save.py FOLDER.

Each line of cases.json names a source, a saved file, and what was asked for. Prints one line for
each file that NumPy does not see as it should be.
"""

import json
import os
import sys

import numpy as np

folder = sys.argv[1]
for line in open(os.path.join(folder, "cases.json")):
    case = json.loads(line)
    want = np.load(os.path.join(folder, case["source"]))
    if case["axes"] is not None:
        want = want.transpose(case["axes"])
    if case["dtype"]:
        want = want.astype(case["dtype"])
    want = np.array(want, order=case["order"])
    reference = os.path.join(folder, "reference.npy")
    np.save(reference, want)
    path = os.path.join(folder, case["saved"])
    got = np.load(path, mmap_mode="r")
    if got.dtype != want.dtype or got.shape != want.shape or not np.array_equal(got, want):
        print(case, "holds something else")
    elif open(path, "rb").read() != open(reference, "rb").read():
        print(case, "is another file than np.save writes")
