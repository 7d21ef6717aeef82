#!/usr/bin/env python3
"""Build wheels of lazynpy: the Python package with the program of a platform inside, which needs no other file.

    python build_wheel.py                       # this platform's, into dist/
    python build_wheel.py --all -o wheels       # of all platforms

It takes Python 3.11, its standard library and Go. The same sources and the same Go give the same bytes: members lie in a fixed order and
have the time of SOURCE_DATE_EPOCH, or 1980. It is also the build backend of pyproject.toml, so that pip can install the folder.
"""

import argparse
import base64
import hashlib
import os
import platform
import struct
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# What pip calls the systems that a build for GOOS/GOARCH runs on. The program is static on Linux, so that it needs no C library, glibc's or musl's;
# which macOS is what Go asks for.
PLATFORMS = {
    "linux/amd64": ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"],
    "linux/arm64": ["manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"],
    "darwin/amd64": ["macosx_12_0_x86_64"],
    "darwin/arm64": ["macosx_12_0_arm64"],
    "windows/amd64": ["win_amd64"],
}


def host():
    machine = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{ {'win32': 'windows'}.get(sys.platform, sys.platform) }/{machine}"


def build(target, path):
    """Build the program for a platform."""
    system, machine = target.split("/")
    env = {**os.environ, "GOOS": system, "GOARCH": machine, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""}
    subprocess.run(["go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "./cmd/lazynpy"], cwd=ROOT, env=env, check=True)


def is_static(program):
    """Whether a Linux program names no interpreter, which is the dynamic linker."""
    offset, size, count = struct.unpack_from("<Q14xHH", program, 32)
    return program[:4] == b"\x7fELF" and all(struct.unpack_from("<I", program, offset + i * size)[0] != 3 for i in range(count))


def metadata(project):
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {project['version']}", f"Summary: {project['description']}"]
    lines += [f"Keywords: {','.join(project['keywords'])}", f"License-Expression: {project['license']}"]
    lines += [f"License-File: {f}" for f in project["license-files"]] + [f"Classifier: {c}" for c in project["classifiers"]]
    lines += [f"Requires-Python: {project['requires-python']}"] + [f"Requires-Dist: {d}" for d in project["dependencies"]]
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", (HERE / project["readme"]).read_text("utf-8")])


def write(target, program, folder):
    """Write the wheel of a platform, and return its path."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
    if target.startswith("linux/") and not is_static(program):
        raise SystemExit(f"the program for {target} is not static, as its tags say it is")
    tags = PLATFORMS[target]
    name = f"{project['name']}-{project['version']}"
    info = f"{name}.dist-info"
    files = {f"lazynpy/{f.name}": f.read_bytes() for f in sorted((HERE / "src/lazynpy").iterdir()) if f.suffix == ".py" or f.name == "py.typed"}
    files["lazynpy/_version.py"] = f'__version__ = "{project["version"]}"\n'.encode()
    binary = "lazynpy/bin/lazynpy" + (".exe" if target.startswith("windows/") else "")
    files[binary] = program
    files[f"{info}/METADATA"] = metadata(project).encode()
    files[f"{info}/WHEEL"] = "\n".join(
        ["Wheel-Version: 1.0", "Generator: lazynpy build_wheel", "Root-Is-Purelib: false", *(f"Tag: py3-none-{t}" for t in tags), ""]
    ).encode()
    scripts = "".join(f"{k} = {v}\n" for k, v in project["scripts"].items())
    files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}".encode()
    for license_file, path in zip(project["license-files"], (ROOT / "LICENSE", ROOT / "cmd/lazynpy/licenses.txt")):
        files[f"{info}/licenses/{license_file}"] = path.read_bytes()
    record = f"{info}/RECORD"
    files[record] = "".join(f"{path},sha256={digest(data)},{len(data)}\n" for path, data in files.items()).encode() + f"{record},,\n".encode()

    moment = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), 315532800))[:6]  # 1980 is the first year of zip
    path = Path(folder) / f"{name}-py3-none-{'.'.join(tags)}.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as z:
        for member, data in files.items():
            entry = zipfile.ZipInfo(member, moment)
            entry.create_system = 3
            entry.external_attr = (0o100755 if member == binary else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(entry, data, compresslevel=9)
    part.replace(path)
    return path


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def make(target, folder, program=None):
    if target not in PLATFORMS:
        raise SystemExit(f"{target} is none of {', '.join(PLATFORMS)}")
    if program is None:
        with tempfile.TemporaryDirectory() as temporary:
            program = Path(temporary) / "lazynpy"
            build(target, program)
            return write(target, program.read_bytes(), folder)
    return write(target, Path(program).read_bytes(), folder)


# The build backend.


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return make(host(), wheel_directory).name


def build_sdist(sdist_directory, config_settings=None):
    raise NotImplementedError("there is no source distribution: the program is built from the repository")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="GOOS/GOARCH", help=f"platforms: {', '.join(PLATFORMS)} (default: this one)")
    parser.add_argument("--all", action="store_true", help="all platforms")
    parser.add_argument("-o", "--output", default=HERE / "dist", help="folder for the wheels (default: %(default)s)")
    options = parser.parse_args()
    for chosen in list(PLATFORMS) if options.all else options.targets or [host()]:
        print(make(chosen, options.output))
