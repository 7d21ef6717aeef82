"""What every Python contender shares: the protocol of internal/peer."""

import json
import statistics
import sys
import time
import zlib


def main(tasks):
    """Run TASK on FILE with KEY=VALUE parameters and print one JSON line."""
    if len(sys.argv) < 3 or sys.argv[1] not in tasks:
        sys.exit("usage: %s {%s} FILE [KEY=VALUE ...]" % (sys.argv[0], "|".join(sorted(tasks))))
    params = dict(arg.split("=", 1) for arg in sys.argv[3:])
    report = tasks[sys.argv[1]](sys.argv[2], params)
    report["peak_rss"] = peak_rss()
    print(json.dumps(report))


def timed(function):
    """Call function once; return its value and the seconds it took."""
    start = time.perf_counter()
    value = function()
    return value, time.perf_counter() - start


def measured(function):
    """Call function once; return its value, and the part of the report that says what it took: the time, and what all
    processes used meanwhile where psutil is there to tell."""
    before = used()
    value, seconds = timed(function)
    after = used()
    return value, {"seconds": seconds, "used": {key: after[key] - before[key] for key in before}}


def used():
    """What this process and those that it has started have used so far, and those that have ended."""
    try:
        import psutil
    except ImportError:
        return {}
    cpu, written = 0.0, 0
    for process in [psutil.Process()] + psutil.Process().children(recursive=True):
        try:
            cpu += sum(process.cpu_times()[:4])  # user and system, its own and of children that have ended
            written += process.io_counters().write_bytes
        except psutil.NoSuchProcess:
            pass
    return {"cpu_seconds": cpu, "written": written}


def repeat(n, function):
    """Call function n times; return the first and the median duration."""
    seconds = [timed(function)[1] for _ in range(n)]
    return seconds[0], statistics.median(seconds)


def peak_rss():
    """The kernel's high-water mark of this process in bytes."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def elements(path):
    """What contenders that write a file are compared by: how many bytes its elements have, in C order, and their CRC-32."""
    import numpy as np

    array = np.load(path, mmap_mode="r")
    flat, piece, total = array.reshape(-1), 64 << 20, 0
    for i in range(0, flat.size, piece):
        total = zlib.crc32(flat[i:i + piece], total)
    return [array.nbytes, total]
