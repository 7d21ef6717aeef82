"""Real Grain."""

import pickle
import unittest

import common
import grain
import numpy as np
from common import Case

FEW = grain.ReadOptions(num_threads=1, prefetch_buffer_size=2)


def numbers(batches):
    return [b[1].tolist() for b in batches]


class Source(Case):
    def setUp(self):
        super().setUp()
        self.options = {"inputs": "x", "targets": "i", "batch_size": 4, "shuffle": True, "seed": 2}
        self.ds = self.feed(self.files((23, 12, 9)), **self.options)
        self.source = self.ds.grain()
        self.steps = [self.ds[n].targets[0].tolist() for n in range(11)]

    def test_protocol(self):
        self.assertIsInstance(self.source, grain.sources.RandomAccessDataSource)
        self.assertEqual(len(self.source), 11)
        self.assertEqual(numbers(self.source), self.steps)
        again = pickle.loads(pickle.dumps(self.source))
        self.addCleanup(again.feed.close)
        self.assertEqual((repr(again), numbers([again[3]])), (repr(self.source), [self.steps[3]]))
        self.assertNotIn("0x", repr(self.source))
        self.assertEqual(len(self.feed(self.folder / "part*.npz", epochs=3, **self.options).grain()), 33)

    def test_data_set(self):
        for options in (FEW, grain.ReadOptions()):
            self.assertEqual(numbers(grain.MapDataset.source(self.source).to_iter_dataset(options)), self.steps)

    def test_resume(self):
        def new():
            ds = self.feed(self.folder / "part*.npz", **self.options)
            return iter(grain.MapDataset.source(ds.grain()).repeat(2).to_iter_dataset(FEW))

        it = new()
        first = [next(it) for _ in range(7)]
        state = it.get_state()
        it = new()
        it.set_state(state)
        self.assertEqual(numbers(first) + numbers(it), 2 * self.steps)

    def test_loader(self):
        def new(worker_count=0, **options):
            ds = self.feed(self.folder / "part*.npz", **{**self.options, **options})
            sampler = grain.samplers.SequentialSampler(num_records=len(ds.grain()), shard_options=grain.sharding.NoSharding())
            return iter(grain.DataLoader(data_source=ds.grain(), sampler=sampler, worker_count=worker_count, read_options=FEW))

        it = new()
        first = [next(it) for _ in range(4)]
        state = it.get_state()
        it = new()
        it.set_state(state)
        self.assertEqual(numbers(first) + numbers(it), self.steps)
        with self.assertRaisesRegex(ValueError, "data source"):
            new(seed=3).set_state(state)

    def test_many_threads_and_what_they_keep(self):
        wrong = [
            (i, b) for i, b in enumerate(grain.MapDataset.source(self.source).repeat(20).to_iter_dataset(grain.ReadOptions(num_threads=16, prefetch_buffer_size=200)))
            if b[1].tolist() != self.steps[i % 11]
        ]
        self.assertEqual(wrong, [])

    def test_masks(self):
        x, i, mask = self.feed(self.folder / "part*.npz", **{**self.options, "batch_size": 40, "last": "pad"}).grain()[1]
        self.assertEqual((np.count_nonzero(mask), x.shape), (4, (40, 3)))


if __name__ == "__main__":
    unittest.main()
