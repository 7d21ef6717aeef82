"""The engine: a program that this package carries."""

import os
import shutil
import subprocess
import sys

from ._errors import FeederError

_NAME = "lazynpy.exe" if os.name == "nt" else "lazynpy"


def binary():
    """The path of the program: that of LAZYNPY_BINARY, the one in this package, or one on PATH."""
    path = os.environ.get("LAZYNPY_BINARY")
    if path:
        return path
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", _NAME)
    if os.path.isfile(path):
        return path
    path = shutil.which(_NAME)
    if path:
        return path
    raise FeederError("the program lazynpy is not there: install a wheel of this platform, or set LAZYNPY_BINARY to its path")


def main():
    """Become the program, with the arguments of this process."""
    try:
        path = binary()
        if os.name == "nt":  # execv there starts another process, and the shell would not wait for it
            sys.exit(subprocess.run([path, *sys.argv[1:]]).returncode)
        os.execv(path, [path, *sys.argv[1:]])
    except (OSError, FeederError) as e:
        sys.exit(f"lazynpy: {e}")
