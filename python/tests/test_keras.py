"""Real Keras, on JAX."""

import os
import unittest

os.environ["KERAS_BACKEND"], os.environ["JAX_PLATFORMS"] = "jax", "cpu"

import common
import jax
import keras
import lazynpy
import numpy as np
from common import Case


def model(features=8, built=True, loss="binary_crossentropy"):
    """The same weights each time. One without an input layer is built by its first batch."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Input((features,))] if built else []
    m = keras.Sequential([*layers, keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
    m.compile(keras.optimizers.Adam(0.02), loss, metrics=["accuracy"])
    return m


class Spy:
    """A feed that notes which batches are asked for."""

    def __init__(self, feed):
        self.feed, self.asked = feed, []

    def __getattr__(self, name):
        return getattr(self.feed, name)

    def __len__(self):
        return len(self.feed)

    def __getitem__(self, step):
        self.asked.append(step)
        return self.feed[step]


class Fit(Case):
    """Which batches training has, in all the ways in which Keras asks for them."""

    def setUp(self):
        super().setUp()
        self.ds = self.feed(self.files((13, 7)), inputs="x", targets=lazynpy.column("y", dtype="f4"), batch_size=4, shuffle=True)
        self.assertEqual(len(self.ds), 5)

    def asked(self, batches, m, **options):
        spy = batches.feed = Spy(self.ds)
        m.fit(batches, verbose=0, **options)
        batches.feed = self.ds
        return spy.asked

    def models(self):
        """A model that is built, compiled and trained already, and one that asks for a batch to see its shape."""
        old = model(3)
        old.fit(np.zeros((4, 3)), np.zeros(4), verbose=0)
        return (old, 0), (model(3), 1), (model(3, built=False), 1)

    def test_finite_in_order(self):
        for m, probes in self.models():
            k = self.ds.keras()
            self.assertEqual(self.asked(k, m, epochs=3, shuffle=False)[probes:], list(range(15)))
            self.assertEqual(self.asked(k, m, epochs=1, shuffle=False), list(range(15, 20)))

    def test_finite_shuffled(self):
        for m, probes in self.models():
            k = self.ds.keras()
            steps = self.asked(k, m, epochs=3)[probes:] + self.asked(k, m, epochs=1)
            self.assertEqual([sorted(steps[5 * e : 5 * e + 5]) for e in range(4)], [list(range(5 * e, 5 * e + 5)) for e in range(4)])

    def test_finite_by_steps(self):
        for shuffle in (False, True):
            for m, probes in self.models():
                steps = self.asked(self.ds.keras(), m, epochs=4, steps_per_epoch=3, shuffle=shuffle)[probes:]
                self.assertEqual((sorted(steps[:5]), sorted(steps[5:])), (list(range(5)), list(range(5, 10))))

    def test_infinite(self):
        for shuffle in (False, True):
            for m, probes in self.models():
                k = self.ds.keras(infinite=True)
                self.assertEqual(self.asked(k, m, epochs=3, steps_per_epoch=4, shuffle=shuffle)[probes:], list(range(12)))
                self.assertEqual(self.asked(k, m, epochs=2, steps_per_epoch=1), [12, 13])
                self.assertEqual(self.asked(k, m, epochs=1, steps_per_epoch=2), [14, 15])

    def test_workers(self):
        """Threads of Keras lose batches of a model that is not built, and processes read everything again."""
        for m, probes in self.models():
            for infinite in (False, True):
                k = self.ds.keras(infinite=infinite)
                k.workers, k.use_multiprocessing = 4, True
                steps = self.asked(k, m, epochs=2, steps_per_epoch=5, shuffle=False)
                self.assertEqual(steps[-10:], list(range(10)))
                self.assertLessEqual(len(steps), 10 + probes)

    def test_one_batch(self):
        self.ds = self.feed(self.folder / "part*.npz", inputs="x", targets="y", batch_size=20)
        for m, probes in self.models():
            self.assertEqual(self.asked(self.ds.keras(), m, epochs=3)[probes:], [0, 1, 2])

    def test_validation_and_evaluate(self):
        k, v = self.ds.keras(), self.ds.keras()
        m = model(3)
        m.fit(k, validation_data=v, epochs=2, verbose=0)
        self.assertEqual(m.evaluate(v, verbose=0, return_dict=True).keys(), {"accuracy", "loss"})
        self.assertEqual(m.predict(self.ds.keras(), verbose=0).shape, (20, 1))

    def test_mask_is_a_weight(self):
        ds = self.feed(self.folder / "part*.npz", inputs="x", targets="y", batch_size=16, last="pad")
        x, y, w = ds.keras()[1]
        self.assertEqual((w.dtype, w.tolist()), (np.float32, [1.0] * 4 + [0.0] * 12))
        model(3).fit(ds.keras(), verbose=0)

    def test_named(self):
        ds = self.feed(self.folder / "part*.npz", inputs=["x", "i"], targets="y", batch_size=16)
        x, y = ds.keras(named=True)[0]
        self.assertEqual((x["x"].shape, x["i"].shape, y["y"].shape), ((16, 3), (16,), (16,)))
        (x, i), y = ds.keras()[0]
        self.assertEqual((x.shape, i.shape, y.shape), ((16, 3), (16,), (16,)))

    def test_jax_keeps_what_it_shows(self):
        """Arrays of JAX on a CPU show the memory of the batch: it must not be another batch's while they live."""
        kept = [jax.numpy.asarray(self.ds[n].samples) for n in range(40)]
        self.assertEqual([np.asarray(k).tolist() for k in kept], [self.ds[n].samples.tolist() for n in range(40)])


class Train(Case):
    options = {"inputs": "x", "targets": "y", "batch_size": 32, "shuffle": True, "seed": 3}

    def test_accuracy(self):
        """960 samples that a line divides: 97 % after 8 epochs."""
        ds = self.feed(common.separable(self.folder), **self.options)
        m = model()
        m.fit(ds.keras(), epochs=8, verbose=0)
        plain = self.feed(self.folder / "train*.npz", inputs="x", targets="y", batch_size=96)
        accuracy = m.evaluate(plain.keras(), verbose=0, return_dict=True)["accuracy"]
        self.assertGreater(accuracy, 0.97)

    def weights(self, m):
        return [w.tobytes() for w in m.get_weights()] + [np.asarray(v).tobytes() for v in m.optimizer.variables]

    def test_resume(self):
        """Stopped in the middle of an epoch, and gone on with from a file and a state: the same weights, bit for bit."""
        files = common.separable(self.folder)
        whole = model()
        whole.fit(self.feed(files, **self.options).keras(infinite=True), epochs=2, steps_per_epoch=30, verbose=0)
        for progress in (False, True):
            k = self.feed(files, **self.options).keras(infinite=True)
            first = model()
            first.fit(k, epochs=1, steps_per_epoch=43, verbose=0, callbacks=[k.progress()] if progress else [])
            path, state = self.folder / "m.keras", k.state_dict()
            self.assertEqual((state["epoch"], state["cursor"]), (1, 13 * 32))
            first.save(path)
            second = keras.saving.load_model(path)
            second.fit(self.feed(files, state=state, **self.options).keras(infinite=True), steps_per_epoch=17, verbose=0)
            self.assertEqual(self.weights(second), self.weights(whole))

    def test_resume_between_epochs(self):
        files = common.separable(self.folder)
        whole, first = model(), model()
        whole.fit(self.feed(files, **self.options).keras(), epochs=3, shuffle=False, verbose=0)
        k = self.feed(files, **self.options).keras()
        first.fit(k, epochs=1, shuffle=False, verbose=0)
        ds = self.feed(files, state=k.state_dict(), **self.options)
        first.fit(ds.keras(), epochs=3, initial_epoch=1, shuffle=False, verbose=0)
        self.assertEqual(self.weights(first), self.weights(whole))

    def test_no_state_within_a_changed_order(self):
        k = self.feed(common.separable(self.folder), **self.options).keras()

        class Stop(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                self.model.stop_training = batch >= 6

        with self.assertRaises(ValueError):
            model().fit(k, verbose=0, callbacks=[Stop()])
            k.state_dict()

    def test_a_dead_feeder_ends_training(self):
        ds = self.feed(common.separable(self.folder), **self.options)

        class Kill(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if batch == 9:
                    os.kill(ds._connection._process._popen.pid, 9)

        with self.assertRaises(lazynpy.FeederError):
            model().fit(ds.keras(), epochs=100, verbose=0, callbacks=[Kill()])


if __name__ == "__main__":
    unittest.main()
