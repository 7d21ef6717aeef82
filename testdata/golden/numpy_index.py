"""Write numpy_index.tsv: what NumPy gives for random basic indexes, for the tests of package lazy.

    pip install numpy==2.4.6
    python numpy_index.py [ROWS [SEED]] > numpy_index.tsv

Each line has the shape of np.arange(n).reshape(shape), the text between the brackets as JSON, and what comes of
it: the shape and the CRC-32 of the elements as little-endian 64-bit integers, the word "error" where NumPy raises
an IndexError or a ValueError, or "syntax" where Python cannot read the text. The fourth column is "python" where
the text may hold more of Python than integers, slices, "..." and newaxis, of which package lazy may refuse some.
"""

import json
import random
import sys
import warnings
import zlib

import numpy as np

LIMITS = [2**31, -(2**31), 2**62, -(2**62), 2**63 - 1, -(2**63)]
BROKEN = [
    ":,", ",", "1,,2", "1:2:3:4", "::0", "1:2:0", "a", "1.0", "1e3", "....", "..", ". . .", "...,...", "1 2", "1_", "_1", "1__0", "1_0",
    "0x1", "0b1", "010", "-", ":-", "--1", "- 1", "-\t1", "+1", "~0", "(1)", "(1,2)", "None", "none", "newaxis", "np.newaxis",
    "Ellipsis", "True", "False", "1:]", "[1", "1]", "[[1]]", "", " ", "1\n", "\n1", "1;2", "'1'", "1:'2'", "²", "١", "1:2,", "None,", "...,",
    "1L", "1l", "0", "-0", "00", "0_0", "0:00", ":::", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "9223372036854775807:", ":-9223372036854775808", "::9223372036854775807", "::-9223372036854775808",
    "18446744073709551616:", "::-9223372036854775809", "1 :2", "1: 2 :1", " 1 , 2 ", "1:2:", "::", ":", ":,:,:,:", "None,None,...,None",
    "...,1", "1,...", "0,0,0,...", "slice(1)", "1if 1else 2", "1#", "1,#\n2", "1:\\\n2", "*[1]", "x:=1", "1j", "1:2j", "lambda:1", "not 1",
]


def number(rng, length):
    if rng.random() < 0.03:
        return rng.choice(LIMITS)
    return rng.randint(-length - 2, length + 2)


def item(rng, length):
    """One item of an index along an axis of this length."""
    if rng.random() < 0.4:
        n = number(rng, length) if rng.random() < 0.15 or length == 0 else rng.randint(-length, length - 1)
        return str(n)
    parts = [str(number(rng, length)) if rng.random() < 0.6 else "" for _ in range(2)]
    step = rng.choice(["", "", "", ":", ":1", ":2", ":-1", ":-2", ":3", ":-7", f":{number(rng, length)}"])
    return ":".join(parts) + step


def index(rng, shape):
    """The text of an index, which fits the shape more often than not."""
    items = [item(rng, n) for n in shape[: rng.randint(0, len(shape))]]
    if rng.random() < 0.04:
        items += [item(rng, 3) for _ in range(len(shape))]
    if rng.random() < 0.35:
        at = rng.randint(0, len(items))
        rest = [item(rng, n) for n in shape[len(shape) - max(0, len(shape) - len(items)) :]] if rng.random() < 0.5 else items[at:]
        items = items[:at] + ["..."] + rest[: max(0, len(shape) - at)]
    if rng.random() < 0.03:
        items.insert(rng.randint(0, len(items)), "...")
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        items.insert(rng.randint(0, len(items)), rng.choice(["None", "np.newaxis", "newaxis"]))
    blank = lambda: rng.choice(["", "", "", " ", "  "])
    return ",".join(blank() + i + blank() for i in items) + rng.choice(["", "", "", ","] if items else [""])


def answer(a, text):
    if text.strip() == "":
        text = "..."  # the whole array, as the verbs have it
    try:
        key = eval(f"K[{text}]", {"__builtins__": {}}, NAMES)
    except (SyntaxError, NameError, TypeError):
        return "syntax"
    try:
        got = a[key]
    except (IndexError, ValueError, OverflowError, TypeError):
        return "error"
    if not isinstance(got, np.ndarray):
        got = np.asarray(got)
    crc = zlib.crc32(np.ascontiguousarray(got).astype("<i8").tobytes())
    return f"{list(got.shape)} {crc:08x}"


class Key:
    def __getitem__(self, key):
        return key


NAMES = {"K": Key(), "np": np, "newaxis": np.newaxis, "None": None, "Ellipsis": Ellipsis}


def main():
    rows, seed = (int(v) for v in (sys.argv[1:] + ["4000", "1"][len(sys.argv) - 1 :])[:2])
    rng = random.Random(seed)
    warnings.simplefilter("ignore")
    seen = set()
    cases = [(shape, text, "python") for text in BROKEN for shape in ([], [5], [2, 3, 4])]
    while len(cases) < rows:
        shape = [rng.choice([0, 1, 1, 2, 3, 4, 5, 7]) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 5]))]
        cases.append((shape, index(rng, shape), "basic"))
    for shape, text, kind in cases:
        row = (json.dumps(shape), json.dumps(text))
        if row not in seen:
            seen.add(row)
            print(*row, answer(np.arange(np.prod(shape, dtype=int)).reshape(shape), text), kind, sep="\t")


if __name__ == "__main__":
    main()
