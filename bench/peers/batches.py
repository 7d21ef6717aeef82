"""What the Python contenders of suite batches share: they take batches one after the other, in an order that is given."""

import glob
import re
import zlib

import numpy as np

from protocol import timed

CHECKED = 2  # batches that contenders are compared by


def report(order, take):
    """Take each batch; report the time of one. What is compared is read again, when the clock has stopped."""
    def run():
        for rows in order:
            batch = take(rows)
        return batch

    _, seconds = timed(run)
    return {"result": checked(take(rows) for rows in order[:CHECKED]), "seconds": seconds / len(order)}


def checked(batches):
    """What contenders are compared by: how many bytes the first batches have, and their CRC-32."""
    total, nbytes = 0, 0
    for batch in batches:
        batch = np.ascontiguousarray(batch)
        total, nbytes = zlib.crc32(batch, total), nbytes + batch.nbytes
    return [nbytes, total]


def files(pattern):
    """The files of a pattern, in natural order."""
    return sorted(glob.glob(pattern), key=lambda path: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path)])
