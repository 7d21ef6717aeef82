"""Load what distributed runs have written, and compare it with NumPy's own files.

    distributed_check.py DIRECTORY

reads DIRECTORY/written.jsonl, where each line names a file that was written and one of np.save with the same
elements, which a run writes in this machine's byte order. Prints one line per disagreement, then "N files checked".
Elements begin at a page, but those of the result of a reduction right behind the header.
"""

import json
import os
import sys

import numpy as np


def disagreement(written, original, begin):
    want = np.load(original)
    want = want.astype(want.dtype.newbyteorder("="))
    with open(written, "rb") as f:
        np.lib.format.read_magic(f)
        np.lib.format.read_array_header_1_0(f)
        if f.tell() != begin:
            return "the elements begin at %d" % f.tell()
    for mode in (None, "r") if want.size else (None,):  # NumPy maps no files without elements
        got = np.load(written, mmap_mode=mode)
        if got.dtype != want.dtype or got.shape != want.shape:
            return "%s %r instead of %s %r, mmap_mode %r" % (got.dtype, got.shape, want.dtype, want.shape, mode)
        if got.tobytes() != want.tobytes():
            return "elements differ, mmap_mode %r" % mode
    return None


def main(directory):
    checked = 0
    with open(os.path.join(directory, "written.jsonl")) as cases:
        for line in cases:
            case = json.loads(line)
            written, original = (os.path.join(directory, case[name]) for name in ("written", "original"))
            trouble = disagreement(written, original, 128 if case.get("result") else 4096)
            if trouble:
                print("%s from %s: %s" % (case["written"], case["original"], trouble))
            checked += 1
    print("%d files checked" % checked)


if __name__ == "__main__":
    main(sys.argv[1])
