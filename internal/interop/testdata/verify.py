"""Load what was written elsewhere and compare it with NumPy's own files.

    verify.py DIRECTORY

reads DIRECTORY/written.jsonl, where each line names a file that was written,
the file of NumPy's it was made from, and the index applied to that. Prints one
line per disagreement, then "N files checked".
"""

import json
import os
import sys

import numpy as np

from arrays import load, parse_index, raw_elements


def disagreement(directory, case):
    written = os.path.join(directory, case["written"])
    want, _, _, raw = raw_elements(os.path.join(directory, case["original"]))
    got, _, _, got_raw = raw_elements(written)
    if case["index"] is not None:
        raw = raw[parse_index(case["index"])]
    elif got.flags.fnc != want.flags.fnc:
        return "order differs"
    if got.dtype != want.dtype or np.lib.format.dtype_to_descr(got.dtype) != np.lib.format.dtype_to_descr(want.dtype):
        return "dtype %r instead of %r" % (got.dtype, want.dtype)
    if got.shape != raw.shape:
        return "shape %r instead of %r" % (got.shape, raw.shape)
    if got_raw.tobytes() != raw.tobytes():
        return "elements differ"
    # Memory maps take another way through NumPy than np.load does.
    if got.size and np.load(written, mmap_mode="r", max_header_size=1 << 20).shape != got.shape:
        return "memory map differs"
    return None


def main(directory):
    checked = 0
    with open(os.path.join(directory, "written.jsonl")) as cases:
        for line in cases:
            case = json.loads(line)
            trouble = disagreement(directory, case)
            if trouble:
                print("%s from %s[%s]: %s" % (case["written"], case["original"], case["index"], trouble))
            checked += 1
    print("%d files checked" % checked)


if __name__ == "__main__":
    main(sys.argv[1])
