"""A scan, and what its square roots and their maxima are.

    distributed_recipe.py DIRECTORY
"""

import os
import sys

import numpy as np

if __name__ == "__main__":
    scan = (np.arange(12 * 8 * 16 * 16) * 7919 % 65536).astype("u2").reshape(12, 8, 16, 16)
    roots = np.sqrt(scan)
    for name, array in [("scan", scan), ("want_roots", roots), ("want_max", roots.max(axis=(2, 3)))]:
        np.save(os.path.join(sys.argv[1], name + ".npy"), array)
