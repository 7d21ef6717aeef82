"""Batches for PyTorch."""

import torch
from torch.utils.data import IterableDataset, get_worker_info

from ._errors import DataError, StateError

# How many worker processes a DataLoader may have.
_MOST_WORKERS = 1024


class TorchBatches(IterableDataset):
    """Batches as tensors: ``DataLoader(ds.torch(), batch_size=None)``, or torchdata's ``StatefulDataLoader``, which saves and restores where it is.

    An iterator has the rest of the epoch at which the feed stands, and each one after it the next epoch. Tensors are over the shared memory of the
    batches, without a copy.

    The feeder reads ahead in a process of its own: ``num_workers=0`` is what is fast. With workers, each opens the feed again and takes every n-th batch, so that the
    loader has them in the same order, and tensors are copied between processes as always. ``num_workers=0`` resumes with any batch size and world; with workers both stay,
    and so does their number.
    """

    def __init__(self, feed, named=False):
        super().__init__()
        self.feed, self.named = feed, named
        # Where each worker's next epoch begins; in memory that workers share, since a loader starts new ones for each epoch. -1: where the feed stands.
        self._epochs = torch.full((_MOST_WORKERS,), -1, dtype=torch.int64).share_memory_()

    def __len__(self):
        return len(self.feed)

    def __iter__(self):
        return _Iterator(self)

    def tensors(self, batch):
        """A batch as tensors over the same memory."""
        parts = self.feed._parts(batch, self.named, _tensor)
        return parts if batch.mask is None else (*parts, _tensor(batch.mask))


def _tensor(array):
    try:
        return torch.from_numpy(array)
    except TypeError as e:
        raise DataError(f"PyTorch {torch.__version__} has no tensors of {array.dtype}: name the array as lazynpy.column(key, dtype=…), such as i4 or f4") from e


class _Iterator:
    """The batches of one epoch, or those of it that are a worker's."""

    def __init__(self, batches):
        self._batches, self._feed = batches, batches.feed
        info = get_worker_info()
        self._worker, self._workers = (0, 1) if info is None else (info.id, info.num_workers)
        self._next = None

    def __iter__(self):
        return self

    def __next__(self):
        if self._next is None:
            self._begin()
        if self._next >= self._end:
            raise StopIteration
        batch = self._feed[self._next]
        self._advance(self._next + self._workers)
        return self._batches.tensors(batch)

    def _begin(self):
        start = int(self._batches._epochs[self._worker])
        if start < 0:
            start = self._feed.step
        self._end = self._feed.epoch_end(start)
        self._batches._epochs[self._worker] = self._end
        self._advance(start + self._worker)

    def _advance(self, step):
        self._next = step
        if self._workers == 1:
            self._feed.step = step

    def state_dict(self):
        if self._next is None:
            self._begin()
        return {
            "state": self._feed.state_dict(min(self._next, self._end)),
            "ended": self._next >= self._end,
            "workers": self._workers,
            "batch_size": self._feed.batch_size,
            "world": self._feed._info["world"],
        }

    def load_state_dict(self, state):
        mine = {"workers": self._workers, "batch_size": self._feed.batch_size, "world": self._feed._info["world"]}
        if max(state["workers"], self._workers) > 1 and any(state[k] != v for k, v in mine.items()):
            saved = ", ".join(f"{k} {state[k]}" for k in mine)
            raise StateError(f"a state of worker processes goes on with as many workers, batch_size and world as it was saved with ({saved}); num_workers=0 takes any")
        self._feed.load_state_dict(state["state"])
        first = self._feed.first
        self._end = first if state["ended"] else self._feed.epoch_end(first)
        self._batches._epochs[self._worker] = self._end
        self._advance(first)
