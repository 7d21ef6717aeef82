"""Writes print.json: arrays as .npy files, and how NumPy prints them.

Run with NumPy 2.4: python3 print.py > print.json
"""

import base64
import io
import json
import sys

import numpy as np

rng = np.random.default_rng(20)
nan, inf = np.nan, np.inf
A = np.array

cases = [
    A(3.0), A(-0.0), A(1e16), A(1e-5), A(7), A(True), A("abc"), A("2020-01-01", "M8[D]"), A(0.1, "f4"), A(0.1, "f2"),
    A([1.5, 2, 3.25]), A([1e10, 2.5, 3]), A([nan, 1, -inf]), A([nan, inf]), A([nan, 1e10, -1.5]), A([1e100, 1, -1e-100]),
    A([0.1, 65504], "f2"), A([0.1, 1.5, 999], "f2"), A([0.1, 1234567], "f4"), A([0.1, 123456.7], "f4"), A([1e-5, 1]),
    A([123456789.123456789, 1]), A([0.1234567891234, 1]), A([0.0, -0.0]), A([1e8, 1e8 - 1]), A([1, 1001.0]),
    A([1 + 2j, 3.5e-7 + 4j]), A([1 - 2j, nan + 1j, 3.25 + 10.5j]), A([1 + 2j], "c8"), A([complex(1, nan), complex(-inf, 2)]),
    A([True, False, True]), A([1, -22, 333], "i2"), A([[1, 200], [30, 4]], ">u4"), A([2**64 - 1, 0], "u8"),
    A([b"ab", b"c\x00d", b"'\"", b"\xff\n"]), A(["ab", "c'", 'd"', "é\u4e00\U0001f600", "\x01\t"]), A(["ab", "c"], ">U3"),
    A([b"ab", b"cd"]).view("V1"), A([b"abcd"]).view("V2"),
    A(["2020-01-01", "NaT"], "M8[D]"), A(["2020-01-01T12:30", "1969-12-31T23:59"], "M8[m]"), A(["2020", "1850"], "M8[Y]"),
    A(["2020-05", "NaT"], "M8[M]"), A(["2020-05-07T01:02:03.000000004"], "M8[ns]"), A([1, -1], "M8[ps]"), A([123456789012], "M8[fs]"),
    A([1, -1], "M8[25as]"), A([5, 7], "M8[3h]"), A([100, 200], "M8[W]"),
    A([1, -22], "m8[s]"), A([1, "NaT"], "m8[ms]"),
    A([(1, 2.5, "abc", b"x"), (10, 3, "q", b"yy")], [("a", "i4"), ("b", "f8"), ("s", "U4"), ("z", "S3")]),
    A([(1, [2, 3]), (22, [4.5, -5])], [("a", "i4"), ("b", "f8", (2,))]),
    A([((1, True), [[1, 2], [3, 4]])], [("p", [("x", "u1"), ("y", "?")]), ("m", "i2", (2, 2))]), A([(1,), (20,)], [("only", ">i8")]),
    np.zeros(0), np.zeros((3, 0)), np.zeros((2, 1, 3)), np.arange(24).reshape(2, 3, 4), np.arange(16, dtype="i1").reshape(2, 2, 2, 2),
    np.arange(200), np.arange(1001, dtype="i2"), np.arange(2000, dtype="i2").reshape(2, 1000), np.arange(1600, dtype="f4").reshape(40, 40) / 7,
    np.arange(4096, dtype="u2").reshape(8, 8, 8, 8), np.asfortranarray(np.arange(12.0).reshape(3, 4)), A([f"word{i}" for i in range(40)]),
]
for dtype in ("f8", "f4", "f2"):
    for scale in (1, 1e-3, 1e3, 1e-6):
        cases.append((rng.standard_normal((3, 4)) * scale).astype(dtype))
for dtype in ("c16", "c8"):
    cases.append((rng.standard_normal(7) + 1j * rng.standard_normal(7) * 50).astype(dtype))
for dtype in ("i1", "u2", "i4", "i8"):
    info = np.iinfo(dtype)
    cases.append(rng.integers(info.min, info.max, 23, dtype=dtype))

# Digits: float32 values whose nine-digit form ends in 5, thresholds, long doubles of the x87.
cases.append(np.random.default_rng(3).standard_normal(900).astype("f4"))
cases.append((np.random.default_rng(4).standard_normal((40, 2)) @ A([[1, 0], [0, 1j]])).sum(1).astype("c8"))
g, G = np.longdouble, np.clongdouble
cases += [
    A(1e-4, "f4"), A([1e-4], "f4"), A(1e16, "f4"), A(65504, "f2"), A(999.5, "f2"), A([1e-4], "f2"), A([1000.0001, 1], "f4"), A([1000.00003, 1], "f4"),
    A(complex(1e-4, 1e16), "c8"), A(complex(0.1, -1e17)), A(complex(nan, inf)),
    A(g(1) / 3), A([g(1) / 3, g("1e4000"), g(2) ** 63 + 1]), A([g(1) / 3, g(2), g(-1) / 7]), A([g(2) ** 63 + 1]), A(g(2) ** 64 - 1), A(g("1e-4940")),
    A([g("nan"), g("-inf"), g("1e-4940"), g("3.6451995318824746025e-4951")]), A([G(g(1) / 3 + 2j), G(g("1e4000"))]), A(G(g(1) / 3)),
    A([g(1) / 3, 1], ">g"), A([0.1, 2], "f4").astype("g"), A([(1.5, 2), (1e10, 0.1)], [("a", "g"), ("b", "f4")]),
    A((1.5, 2), [("a", "g"), ("b", "f4")]), A((-178.0,), [("f0", "f4")]), A((0.1, 1e-4), [("f0", "f2"), ("f1", "f4")]),
    A((5, b"x", "y", True, 1 + 2j, [1.5, 2]), [("a", "m8[ns]"), ("b", "S2"), ("c", "U2"), ("d", "?"), ("e", "c8"), ("f", "f4", 2)]),
    A(((1.5,), [2.5]), [("p", [("x", "f4")]), ("q", [("y", "f8")], 1)]), A((5, "NaT"), [("a", "m8[s]"), ("b", "M8[s]")]),
    A(5, "m8[ns]"), A(-3, "m8[25s]"), A("NaT", "m8[s]"), A(7, "m8"), A("NaT", "M8[s]"), A("-0001-02-03", "M8[D]"),
    A(["1969-12-31", "-0001-02-03"], "M8[D]"), A(["-10000-01-01", "-0999-02-03", "0001-01-01", "12345-01-01"], "M8[D]"), A(["-0044"], "M8[Y]"),
    A([' c""', "日a", " 'é ", "''", "é", "\\日", "", "", "'cc\\", '""', "  日", "a日 a"]),
]

np.set_printoptions(threshold=1000)
out = []
for a in cases:
    f = io.BytesIO()
    np.save(f, a)
    out.append({"descr": str(a.dtype), "npy": base64.b64encode(f.getvalue()).decode(), "print": str(a)})
print("[", end="")
print(",\n".join(json.dumps(c) for c in out), end="]\n", file=sys.stdout)
