"""Batches for Grain."""


class GrainBatches:
    """Batches as a random-access source: ``grain.MapDataset.source(ds.grain())``, or ``data_source`` of ``grain.DataLoader``.

    An element is a whole batch, shuffled already; there are as many as the feed has from where it begins to its end, or to the end of an epoch if it has
    no end. Grain asks for elements of its own order and by many threads, and keeps some hundred of them, unless it is told otherwise:
    ``to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=2))``.
    """

    def __init__(self, feed, named=False):
        self.feed, self.named = feed, named
        self._identity = (feed.state_dict(feed.first)["seed"], feed.fingerprint, feed.batch_size, feed._info["rank"], feed._info["world"], feed.first)

    def __len__(self):
        end = self.feed.epoch_end(self.feed.first) if self.feed.end is None else self.feed.end
        return end - self.feed.first

    def __getitem__(self, index):
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        batch = self.feed[self.feed.first + int(index)]
        parts = self.feed._parts(batch, self.named)
        return parts if batch.mask is None else (*parts, batch.mask)

    def __repr__(self):
        # Grain compares this with what it was when a state was saved.
        seed, data, size, rank, world, first = self._identity
        return f"lazynpy.GrainBatches(seed={seed}, data={data}, batch_size={size}, rank={rank}, world={world}, first={first})"
