"""The wheel: what is in it, that it is built the same twice, and that its command works where it was installed."""

import ast
import base64
import csv
import hashlib
import importlib.metadata
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import common
import lazynpy

SOURCES = common.HERE.parent
sys.path.insert(0, str(SOURCES))
import build_wheel


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)

    def make(self, target, name, epoch=None, program=None):
        os.environ.pop("SOURCE_DATE_EPOCH", None)
        if epoch is not None:
            os.environ["SOURCE_DATE_EPOCH"] = epoch
            self.addCleanup(os.environ.pop, "SOURCE_DATE_EPOCH", None)
        return build_wheel.make(target, self.folder / name, program)

    def test_same_bytes_twice(self):
        """Whoever installed this may have built it, too; the program is linked twice."""
        first, second = (self.make(build_wheel.host(), name).read_bytes() for name in "ab")
        self.assertEqual(hashlib.sha256(first).digest(), hashlib.sha256(second).digest())
        dated = zipfile.ZipFile(self.make(build_wheel.host(), "c", "1700000000", lazynpy.binary()))
        self.assertEqual({i.date_time for i in dated.infolist()}, {(2023, 11, 14, 22, 13, 20)})

    def test_platforms(self):
        """All of them are built by the long run; here the program is this platform's, so that only what is around it is seen."""
        for target, tags in build_wheel.PLATFORMS.items():
            path = self.make(target, "all", program=None if common.LONG else lazynpy.binary())
            self.assertEqual(path.name, f"lazynpy-{lazynpy.__version__}-py3-none-{'.'.join(tags)}.whl")
            self.check(path, target)

    def check(self, path, target):
        with zipfile.ZipFile(path) as z:
            names = z.namelist()
            info = f"lazynpy-{lazynpy.__version__}.dist-info"
            program = "lazynpy/bin/lazynpy" + (".exe" if "windows" in target else "")
            rows = list(csv.reader(z.read(f"{info}/RECORD").decode().splitlines()))
            self.assertEqual(sorted(r[0] for r in rows), sorted(names))
            for name, digest, size in rows[:-1]:
                data = z.read(name)
                self.assertEqual((digest, size), ("sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("="), str(len(data))), name)
            self.assertEqual([n for n in names if z.getinfo(n).external_attr >> 16 != stat.S_IFREG | 0o644], [program])
            self.assertEqual(z.getinfo(program).external_attr >> 16, stat.S_IFREG | 0o755)
            wheel, metadata = (z.read(f"{info}/{n}").decode() for n in ("WHEEL", "METADATA"))
            self.assertEqual([line[5:] for line in wheel.splitlines() if line.startswith("Tag: ")], [f"py3-none-{t}" for t in build_wheel.PLATFORMS[target]])
            self.assertIn("\nRequires-Dist: numpy", metadata)
            self.assertNotIn("\nRequires-Dist: ", metadata.replace("\nRequires-Dist: numpy", "", 1))
            self.assertEqual(z.read(f"{info}/licenses/licenses.txt"), (SOURCES.parent / "cmd/lazynpy/licenses.txt").read_bytes())
            self.assertIn(b"Copyright", z.read(f"{info}/licenses/LICENSE"))

    def test_not_static(self):
        with self.assertRaisesRegex(SystemExit, "not static"):
            self.make("linux/amd64", "d", program=os.path.realpath(sys.executable))

    def test_command(self):
        """It is the program, by its name, as a module, and with its exit codes."""
        scripts = Path(sys.executable).parent
        want = subprocess.check_output([lazynpy.binary(), "version"], text=True)
        for command in ([scripts / "lazynpy"], [sys.executable, "-m", "lazynpy"]):
            self.assertEqual(subprocess.check_output([*command, "version"], text=True), want)
            self.assertEqual(subprocess.run([*command, "info", "/nowhere.npy"], stderr=subprocess.DEVNULL).returncode, 1)
        self.assertIsNone(os.environ.get("LAZYNPY_BINARY"))
        self.assertTrue(Path(lazynpy.binary()).is_relative_to(Path(lazynpy.__file__).parent))
        self.assertEqual(importlib.metadata.version("lazynpy"), lazynpy.__version__)

    def test_licences_are_those_of_the_program(self):
        if shutil.which("go"):
            printed = subprocess.check_output([lazynpy.binary(), "version", "--licenses"])
            self.assertEqual(printed, (SOURCES.parent / "cmd/lazynpy/licenses.txt").read_bytes())

    def test_old_python(self):
        """The package keeps to the language of Python 3.9."""
        for path in (SOURCES / "src/lazynpy").glob("*.py"):
            ast.parse(path.read_text(), path.name, feature_version=(3, 9))

    def test_imports_nothing_else(self):
        program = "import sys, lazynpy; print([m for m in ('keras', 'torch', 'grain', 'jax') if m in sys.modules])"
        self.assertEqual(subprocess.check_output([sys.executable, "-c", program], text=True), "[]\n")


if __name__ == "__main__":
    unittest.main()
