"""PyTorch's DataLoader over a data set that reads a batch at a time, with np.load or of a memory map."""

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from batches import CHECKED, checked
from protocol import main, timed


class Batches(Dataset):
    """Batches by the numbers of their samples."""

    def __init__(self, path, mapped):
        self.path, self.array = path, np.load(path, mmap_mode="r") if mapped else None

    def __getitem__(self, rows):
        batch = np.load(self.path)["x"][rows] if self.array is None else self.array[rows]
        # Older releases have no unsigned numbers; the bytes are the same.
        return torch.from_numpy(batch.view(batch.dtype.str.replace("u", "i")))


def batches(mapped):
    def task(path, params):
        order, workers = list(np.load(params["order"])), int(params["workers"])
        now = []  # the sampler: the numbers of a batch each
        loader = DataLoader(Batches(path, mapped), sampler=now, batch_size=None, num_workers=workers, persistent_workers=workers > 0)

        def epoch(rows):
            now[:] = rows
            for batch in loader:
                yield batch

        def run(rows):
            for batch in epoch(rows):
                batch.data_ptr()

        # Workers start, and read one batch each, before the clock does.
        _, opening = timed(lambda: run(order[:max(workers, 1)]))
        _, seconds = timed(lambda: run(order))
        result = checked(batch.numpy() for batch in epoch(order[:CHECKED]))
        return {"result": result, "seconds": seconds / len(order), "open_seconds": opening}

    return task


main({"batches-load": batches(False), "batches-map": batches(True)})
