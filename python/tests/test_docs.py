"""The blocks of code of README.md, as they are, one after the other."""

import contextlib
import importlib.util
import io
import json
import os
import re
import unittest

os.environ["KERAS_BACKEND"], os.environ["JAX_PLATFORMS"] = "jax", "cpu"

import common
import lazynpy
import numpy as np
from common import Case


class Readme(Case):
    def test_blocks(self):
        self.enterContext(contextlib.chdir(self.folder))
        self.enterContext(contextlib.redirect_stdout(io.StringIO()))  # progress of Keras
        rng = np.random.default_rng(1)
        for folder in ("train", "images", "days"):
            os.mkdir(folder)
        for k in range(3):
            n = 130 + k
            np.savez(f"train/{k}.npz", x1=rng.standard_normal((n, 4)).astype("f4"), x2=rng.standard_normal((n, 2)).astype("f4"), y=rng.integers(0, 2, n).astype("f4"))
            np.savez(f"images/{k}.npz", image=rng.integers(0, 256, (n, 5, 5, 3), dtype="u1"), depth=rng.standard_normal((n, 5, 5, 1)), label=rng.integers(0, 10, n))
            np.savez(f"days/{k}.npz", signal=rng.standard_normal((n, 2)))
        names = {"lazynpy": lazynpy, "json": json, "np": np}
        for name in ("keras", "grain"):
            if importlib.util.find_spec(name):
                names[name] = importlib.import_module(name)
        if "keras" in names:
            keras = names["keras"]
            a, b = keras.Input((4,)), keras.Input((2,))
            names["model"] = keras.Model([a, b], keras.layers.Dense(1)(keras.layers.Concatenate()([a, b])))
            names["model"].compile("sgd", "mse")
        blocks = re.findall(r"(?:^## ([^\n]*)\n|^```python\n(.*?)^```)", (common.HERE.parent / "README.md").read_text(), re.S | re.M)
        of, ran = "", 0
        for heading, code in blocks:
            of = heading or of
            needs = {"Keras": "keras", "PyTorch": "torch", "Grain": "grain"}.get(of, "numpy")
            if code and importlib.util.find_spec(needs):
                with self.subTest(code):
                    if needs != "numpy":  # the text has this one in mind
                        names["ds"] = lazynpy.feed("train/*.npz", inputs=["x1", "x2"], targets="y", batch_size=32, shuffle=True, seed=1)
                    exec(code, names)
                ran += 1
        self.assertGreaterEqual(ran, 6)
        for value in names.values():
            if isinstance(value, lazynpy.Feed):
                value.close()
        names.clear()


if __name__ == "__main__":
    unittest.main()
