"""Compares the results of a distributed run with NumPy: judge.py scan out bright std pattern."""

import sys

import numpy as np

scan, out, bright, std, pattern = (np.load(path, mmap_mode="r") for path in sys.argv[1:])
assert out.offset == 4096 and out.dtype == np.uint16 and out.shape == scan.shape, (out.offset, out.dtype, out.shape)
total, square, n = 0, 0, 0
column = np.zeros(scan.shape[2:], np.uint64)
for i in range(scan.shape[0]):
    want = np.multiply(scan[i], 3) >> 1
    assert np.array_equal(out[i], want), f"map, row {i}"
    assert np.array_equal(bright[i], want.sum(axis=(1, 2))), f"sum over signal, row {i}"
    wide = want.astype(np.uint64)
    column += wide.sum(axis=0)
    total += int(wide.sum())
    square += int((wide * wide).sum())
    n += want.size
# The sums are integers, so that the exact mean and deviation are known.
exact = np.sqrt((square * n - total * total) / (n * n))
assert abs(float(std[()]) - exact) <= 4e-16 * exact * 16, (float(std[()]), exact)
mean = column / (scan.shape[0] * scan.shape[1])
assert np.allclose(pattern, mean, rtol=4e-16, atol=0), "mean over navigation"
print(f"map and sums equal, std {float(std[()])!r} beside {exact!r}, means within 2 ulp")
