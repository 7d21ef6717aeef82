"""The client against the real feeder."""

import gc
import importlib.util
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import unittest
import weakref

import common
import lazynpy
import numpy as np
from common import Case


def samples(batches):
    return [int(i) for b in batches for i in b.samples]


class Batches(Case):
    def test_three_generators(self):
        """Batches equal those of Keras generators over np.load, bit by bit: the judge is that of the Go tests."""
        spec = importlib.util.spec_from_file_location("batches", common.HERE.parents[1] / "internal/interop/testdata/batches.py")
        judge = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(judge)
        files = judge.write(self.folder)
        labels = np.concatenate([np.load(f)["y"] for f in files])
        window = lazynpy.window
        cases = {
            "plain": {"inputs": ["x1", "x2"], "targets": "y"},
            "joined": {"inputs": ["x1", "x2"], "targets": "y", "join": True},
            "computed": {
                "inputs": [
                    lazynpy.column("x1", scale=1 / 65535, mean=[0.1, 0.2, 0.3, 0.4], std=0.7),
                    lazynpy.column("x2", channels=[1, 0, 1], dtype=np.float64),
                ]
            },
            "windows": {"inputs": "x1", "targets": "y", "window": 3},
            "steps": {"inputs": "x1", "targets": "y", "window": window(3, stride=2, targets="steps")},
            "next": {"inputs": "x1", "targets": "y", "window": window(2, ahead=1)},
            "across": {"inputs": "x1", "targets": "y", "window": window(6, stride=4, across=True)},
            "files": {"files": self.folder / "whole*.npz", "inputs": "x", "targets": "y", "file_per_sample": True},
            "one-hot": {"inputs": lazynpy.column("y", classes=6)},
        }
        wanted = dict(judge.cases(self.folder, files))
        wanted["one-hot"] = [[np.eye(6, dtype="f4")[labels[i : i + 4]]] for i in range(0, len(labels), 4)]
        for name, options in cases.items():
            with self.subTest(name):
                options.setdefault("files", self.folder / "part*.npz")
                ds = self.feed(options.pop("files"), batch_size=4, epochs=1, **options)
                got = [(*b.inputs, *b.targets) for b in ds]
                want = [[np.ascontiguousarray(a.astype(a.dtype.newbyteorder("="))) for a in b] for b in wanted.pop(name)]
                self.assertEqual(len(got), len(want))
                for g, w in zip(got, want):
                    self.assertEqual([(a.dtype.str, a.shape, a.tobytes()) for a in g], [(a.dtype.str, a.shape, a.tobytes()) for a in w])
        self.assertEqual(wanted, {})

    def test_what_it_is(self):
        ds = self.feed(self.files(), inputs=["x", "i"], targets="y", batch_size=4)
        self.assertEqual((len(ds), ds.samples, ds.batch_size, ds.first, ds.end, ds.step), (6, 23, 4, 0, None, 0))
        self.assertEqual([(c.name, c.role, c.dtype.str, c.shape) for c in ds.columns][:3], [("x", "input", "<f4", (3,)), ("i", "input", "<i4", ()), ("y", "target", "<i8", ())])
        b = ds[0]
        (x, i), y = b
        self.assertEqual((x.shape, i.tolist(), y.shape, len(b), b.step, b.epoch), ((4, 3), [0, 1, 2, 3], (4,), 4, 0, 0))
        self.assertEqual(samples([b]), [0, 1, 2, 3])
        self.assertTrue(x.flags.writeable and x.flags.c_contiguous and x.ctypes.data % 64 == 0)
        self.assertIn("6 batches of 4, 23 samples", repr(ds))
        (x,) = self.feed(self.files(), inputs="x")[0]
        self.assertEqual(x.shape, (23, 3))

    def test_numbers_of_numpy(self):
        ds = self.feed(self.files(), inputs="x", batch_size=np.int64(4), seed=np.uint64(2**63), rank=np.int32(0), world=np.int8(2))
        self.assertEqual((len(ds[np.int16(1)]), ds.state_dict(np.int64(2))["seed"]), (4, 2**63))

    def test_one_npy(self):
        np.save(self.folder / "a.npy", np.arange(10))
        (x,) = self.feed(self.folder / "a.npy")[0]
        self.assertEqual(x.tolist(), list(range(10)))

    def test_epochs(self):
        ds = self.feed(self.files(), inputs="i", batch_size=5, shuffle=True, seed=3, epochs=3)
        epochs = [samples(ds) for _ in range(4)]
        self.assertEqual([sorted(e) for e in epochs], [list(range(23))] * 3 + [[]])
        self.assertNotEqual(epochs[0], epochs[1])
        self.assertEqual(samples(ds[k] for k in range(15)), sum(epochs, []))
        self.assertEqual(samples([ds[14], ds[2], ds[2]]), samples(ds[k] for k in (14, 2, 2)))
        with self.assertRaises(IndexError):
            ds[15]
        with self.assertRaises(IndexError):
            ds[-1]

    def test_orders(self):
        files = self.files()
        labels = np.arange(23) % 2
        for options in ({"shuffle": "global"}, {"shuffle": "blocks:4:2"}, {"stratify": labels}, {"subset": (0, 1)}):
            ds = self.feed(files, inputs="i", epochs=1, batch_size=4, **options)
            self.assertEqual(sorted(samples(ds)), list(range(23)), options)
        train, rest = (self.feed(files, inputs="i", epochs=1, subset=s, seed=2) for s in ((0, 0.7), (0.7, 1)))
        self.assertEqual(sorted(samples(train) + samples(rest)), list(range(23)))
        self.assertEqual(samples(self.feed(files, inputs="i", epochs=1, subset=[3, 20, 5])), [3, 5, 20])
        self.assertEqual(samples(self.feed(files, inputs="i", epochs=1, subset=np.arange(23) > 20)), [21, 22])
        self.assertEqual(set(samples(self.feed(files, inputs="i", epochs=1, weights=np.eye(23)[4] + np.eye(23)[9]))), {4, 9})

    def test_masks(self):
        ds = self.feed(self.files(), inputs="x", targets="y", batch_size=10, last="pad", epochs=1)
        x, y, mask = ds[2]
        self.assertEqual((x.shape, mask.tolist()), ((10, 3), [True] * 3 + [False] * 7))
        self.assertFalse(x[3:].any())

    def test_resume(self):
        """At every step, with another batch size and world, the rest comes: nothing twice, nothing never."""
        options = {"inputs": "i", "shuffle": True, "seed": 4, "epochs": 2}
        files = self.files()
        ds = self.feed(files, batch_size=4, **options)
        whole = [b.samples.tolist() for _ in range(2) for b in ds]
        for step in range(0, 13) if common.LONG else (0, 1, 5, 6, 8, 12):
            state = ds.state_dict(step)
            self.assertLess(len(json.dumps(state)), 300)
            same = self.feed(files, batch_size=4, state=state, **options)
            self.assertEqual([b.samples.tolist() for _ in range(2) for b in same], whole[step:])
            same.close()
            rest = sum(whole[step:], [])
            ranks = [self.feed(files, batch_size=3, rank=r, world=2, state=json.dumps(state), **options) for r in range(2)]
            got = []
            while pairs := list(zip(*ranks)):
                got += [n for pair in pairs for b in pair for n in b.samples.tolist()]
            self.assertEqual(got[: len(rest) - 23] if step < 6 else got, rest[: len(rest) - 23] if step < 6 else rest)
            self.assertEqual(sorted(got), sorted(rest))
            for r in ranks:
                r.close()

    def test_state_follows_the_loop(self):
        files = self.files()
        ds = self.feed(files, inputs="i", batch_size=4, shuffle=True)
        seen = []
        for b in ds:
            seen += b.samples.tolist()
            if b.step == 2:
                break
        state = ds.state_dict()
        other = self.feed(files, inputs="i", batch_size=5, shuffle=True)
        held = other[0].x
        other.load_state_dict(state)
        self.assertEqual(sorted(seen + samples(other)), list(range(23)))
        self.assertEqual(held.shape, (5,))
        self.assertEqual(sorted(samples(other)), list(range(23)))


class Errors(Case):
    def test_missing(self):
        for name in ("nothing.npz", "no*.npz"):
            with self.assertRaises(FileNotFoundError) as e:
                lazynpy.feed(self.folder / name)
            self.assertIsInstance(e.exception, lazynpy.Error)
            self.assertIn(name, str(e.exception))
        with self.assertRaises(lazynpy.ConfigError) as e:
            lazynpy.feed(self.files(), inputs="z")
        self.assertIn("z", str(e.exception))

    def test_what_does_not_fit(self):
        np.savez(self.folder / "a.npz", x=np.zeros((3, 4)))
        np.savez(self.folder / "b.npz", x=np.zeros((3, 5)))
        with self.assertRaisesRegex(ValueError, "a.npz and .*b.npz do not fit"):
            lazynpy.feed(self.folder, inputs="x")

    def test_options(self):
        files = self.files()
        for options in (
            {"batch_size": 0},
            {"rank": 2, "world": 2},
            {"last": "wrap"},
            {"shuffle": "no"},
            {"window": lazynpy.window(-1)},
            {"inputs": lazynpy.column("x", dtype="f99")},
            {"shuffle": True, "weights": [1]},
            {"stratify": [1, 2]},
            {"state": "{"},
            {"state": "3"},
            {"state": 3},
            {"weights": [1.0, float("nan")]},
            {"weights": ["a"]},
            {"batch_size": None},
            {"batch_size": 2.5},
            {"seed": None},
            {"seed": -1},
            {"memory": "1GiB"},
            {"inputs": 5},
            {"inputs": ["x", None]},
            {"subset": [0.5, 0.75]},
            {"subset": [0, 1, 2.5]},
            {"subset": [[0, 1], [2, 3]]},
            {"stratify": np.linspace(0, 1, 23)},
            {"stratify": np.array(["a"] * 23)},
            {"on_error": "ignore"},
        ):
            with self.subTest(options), self.assertRaises(lazynpy.ConfigError) as e:
                lazynpy.feed(files, **{"inputs": "x", **options})
            for word in ("\n", "Go struct", "standard input"):
                self.assertNotIn(word, str(e.exception))
        with self.assertRaises(lazynpy.ConfigError):
            lazynpy.feed()
        with self.assertRaises(lazynpy.ConfigError):
            lazynpy.column("x", mean=np.zeros((2, 3)))
        self.assertEqual(lazynpy.column("x", mean=np.zeros((1, 1, 3)), channels=np.array([1.0])), {"key": "x", "mean": [0, 0, 0], "channels": [1]})
        with self.assertRaises(TypeError):
            self.feed(files, inputs="x")[0:2]
        with self.assertRaises(MemoryError):
            lazynpy.feed(files, inputs="x", memory=10)

    def test_labels(self):
        np.savez(self.folder / "l.npz", x=np.zeros(9), y=np.r_[np.zeros(7), 11, 0].astype("i8"))
        ds = self.feed(self.folder / "l.npz", inputs="x", targets=lazynpy.column("y", classes=10), batch_size=3)
        with self.assertRaises(lazynpy.DataError) as e:
            ds[2]
        e = pickle.loads(pickle.dumps(e.exception))
        self.assertEqual((e.file, e.member, e.index, e.sample), (str(self.folder / "l.npz"), "y", 7, 7))
        self.assertEqual(len(ds[1]), 3)  # others go on
        ds = self.feed(self.folder / "l.npz", inputs="x", targets=lazynpy.column("y", classes=10), batch_size=3, on_error="skip", epochs=1)
        *_, mask = ds[2]
        self.assertEqual((mask.tolist(), ds.skipped()[0]), ([True, False, True], 1))

    def test_changed(self):
        ds = self.feed(self.files((400, 400)), inputs="x", batch_size=1)
        len(ds[0])
        common.write(self.folder, (400, 399), seed=2)
        with self.assertRaises(lazynpy.ChangedError) as e:
            ds[600]
        self.assertIn("part1.npz", str(e.exception))

    def test_state(self):
        ds = self.feed(self.files(), inputs="x", seed=1)
        state = ds.state_dict()
        with self.assertRaisesRegex(lazynpy.StateError, "seed"):
            lazynpy.feed(self.folder, inputs="x", seed=2, state=state)
        common.write(self.folder, (7, 3, 13, 1))
        with self.assertRaisesRegex(lazynpy.StateError, "changed"):
            ds.load_state_dict(state)
        self.assertEqual(len(ds), 1)

    def test_no_program(self):
        for path in ("/nowhere/lazynpy", "/bin/false", "/bin/cat"):
            os.environ["LAZYNPY_BINARY"] = path
            self.addCleanup(os.environ.pop, "LAZYNPY_BINARY", None)
            with self.subTest(path), self.assertRaises(lazynpy.FeederError):
                lazynpy.feed(self.files(), inputs="x")


class Lifetime(Case):
    def setUp(self):
        super().setUp()
        self.ds = self.feed(self.files((200,)), inputs=["x", "i"], targets="y", batch_size=4)
        self.slots = self.ds._info["slots"]

    def test_kept_batches_stay(self):
        batches = list(self.ds)
        self.assertEqual([b.inputs[1].tolist() for b in batches], np.arange(200).reshape(50, 4).tolist())

    def test_views_keep_a_batch(self):
        kept = []
        for keep in (lambda a: a[1:], lambda a: a.view("u1"), memoryview, lambda a: a.reshape(2, 2).T, lambda a: np.frombuffer(a, "i2")):
            kept.append((keep(self.ds[3].inputs[1]), keep(np.arange(12, 16, dtype="i4"))))
            for n in range(4 * self.slots):
                len(self.ds[n])
            gc.collect()
            for got, want in kept:
                self.assertEqual(bytes(got), bytes(want))
            kept = kept[-1:]  # or they would be copies

    def test_slots_go_back(self):
        addresses = {self.ds[n].inputs[0].ctypes.data for n in range(20 * self.slots) if n < 50}
        self.assertLessEqual(len(addresses), self.slots)
        a = self.ds[0].inputs[0]
        there = weakref.ref(a)
        del a
        self.assertIsNone(there())

    def test_copies_when_slots_are_held(self):
        held = [self.ds[n] for n in range(self.ds._connection.most_held)]
        ring = held[0].inputs[0].ctypes.data
        span = self.slots * self.ds._info["slot_bytes"]
        more = self.ds[40]
        self.assertFalse(ring - span < more.inputs[0].ctypes.data < ring + span and more.inputs[0].base is not None)
        held.clear()
        self.assertIsNotNone(self.ds[41].inputs[0].base)

    def test_one_slot(self):
        for slots in (1, 2, 3):
            with self.feed(self.folder, inputs="i", batch_size=4, slots=slots) as ds:
                self.assertEqual(samples(list(ds)), list(range(200)))

    def test_writes_are_ours(self):
        x = self.ds[5].inputs[1]
        x[:] = -1
        self.assertEqual(self.ds[5].inputs[1].tolist(), [20, 21, 22, 23])
        self.assertEqual(x.tolist(), [-1] * 4)

    def test_after_close(self):
        b = self.ds[2]
        self.ds.close()
        gc.collect()
        self.assertEqual(b.inputs[1].tolist(), [8, 9, 10, 11])
        with self.assertRaisesRegex(lazynpy.FeederError, "closed"):
            self.ds[3]
        self.no_feeders()

    def test_collected(self):
        i = lazynpy.feed(self.folder, inputs="i")[0].x
        gc.collect()
        self.assertEqual(len(common.children()), 1)  # that of setUp
        self.assertEqual(i[:3].tolist(), [0, 1, 2])

    def test_threads(self):
        wrong = []

        def read(first):
            for n in range(first, 50, 4):
                if self.ds[n].samples.tolist() != list(range(4 * n, 4 * n + 4)):
                    wrong.append(n)

        threads = [threading.Thread(target=read, args=(k,)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(wrong, [])

    def test_threads_share_a_loop(self):
        """Threads that loop over one feed at once have each batch once."""
        got = []
        ready = threading.Barrier(4)

        def read():
            loop = iter(self.ds)
            got.append(next(loop).step)  # each loop is in the epoch before any can end it
            ready.wait()
            got.extend(b.step for b in loop)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(got), list(range(len(self.ds))))


def remote(ds, step, pipe):
    names = [c.name for c in ds.columns]
    pipe.send((ds[step].samples.tolist(), ds.step, len(common.children()), names[0]))


PARENT = """
import sys, os, lazynpy
ds = lazynpy.feed({files!r}, inputs="x", batch_size=2)
b = ds[0]
print(os.getpid(), ds._connection._process._popen.pid, flush=True)
{then}
"""


class Processes(Case):
    def test_fork_and_spawn(self):
        ds = self.feed(self.files(), inputs="i", batch_size=4)
        held = ds[1].x
        next(iter(ds))
        for method in ("fork", "spawn", "forkserver"):
            context = multiprocessing.get_context(method)
            ours, theirs = context.Pipe()
            p = context.Process(target=remote, args=(ds, 2, theirs))
            p.start()
            theirs.close()
            self.assertEqual(ours.recv(), ([8, 9, 10, 11], 1, 1, "i"), method)
            p.join()
            self.assertEqual(p.exitcode, 0)
            self.assertEqual(ds[3].samples.tolist(), [12, 13, 14, 15])
        self.assertEqual(held.tolist(), [4, 5, 6, 7])

    def test_a_fork_does_not_keep_the_feeder(self):
        """A child of the trainer that lives on, such as a forgotten worker, does not keep the trainer's feeder alive."""
        then = "if os.fork() == 0:\n    import time; os.close(1); time.sleep(60)\nos.kill(os.getpid(), 9)"
        trainer, feeder = self.run_parent(then)
        self.ended(feeder)
        for pid, parent, command in list(common.processes()):
            if b"PARENT-MARK" in command:
                os.kill(pid, signal.SIGKILL)

    def test_ends_with_its_parent(self):
        for then in ("os.kill(os.getpid(), 9)", "os._exit(0)", "sys.exit(3)", "raise RuntimeError", "pass"):
            _, feeder = self.run_parent(then)
            self.ended(feeder)

    def run_parent(self, then):
        program = "#PARENT-MARK\n" + PARENT.format(files=self.files(), then=then)
        p = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return tuple(map(int, p.stdout.split()))

    def ended(self, pid):
        common.wait(lambda: not common.alive(pid), "the feeder lives on")

    def test_interrupt(self):
        """Ctrl-C leaves a feed that goes on, and a state."""
        ds = self.feed(self.files((5000,)), inputs="i", batch_size=1)
        rng = np.random.default_rng(common.SEED)
        self.addCleanup(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, signal.default_int_handler))
        for _ in range(40 if common.LONG else 8):
            with self.assertRaises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0001, 0.004))
                while True:
                    len(ds[ds.step])
                    ds.step += 1
            self.assertEqual(ds[7].samples.tolist(), [7])
            self.assertEqual(ds[ds.step].step, ds.step)
            ds.state_dict()

    def test_killed_feeder(self):
        ds = self.feed(self.files(), inputs="i", batch_size=4)
        b = ds[0]
        os.kill(ds._connection._process._popen.pid, signal.SIGKILL)
        with self.assertRaisesRegex(lazynpy.FeederError, "SIGKILL"):
            for n in range(100):
                ds[n]
        self.assertEqual(b.x.tolist(), [0, 1, 2, 3])
        with self.assertRaisesRegex(ConnectionError, "has ended"):
            ds[0]

    def test_nothing_is_left(self):
        before = set(os.listdir("/dev/shm")), set(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with lazynpy.feed(self.files(), inputs="x") as ds:
                len(ds[0])
        gc.collect()
        self.assertEqual((set(os.listdir("/dev/shm")), set(os.listdir("/proc/self/fd"))), before)


    def test_exit_says_nothing(self):
        """Whatever is left open when the interpreter ends, it ends without a word."""
        for then in ("it = iter(ds); next(it)", "del b", "k = [ds, b]; k.append(k)", "import threading; threading.Thread(target=lambda: [len(b) for b in ds]).start()"):
            program = PARENT.format(files=self.files(), then=then)
            p = subprocess.run([sys.executable, "-W", "error", "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.assertEqual((p.returncode, p.stderr), (0, ""), then)

    def test_closed_by_another_thread(self):
        np.save(self.folder / "large.npy", np.zeros((64, 1 << 20), "u1"))
        for _ in range(5):
            ds = self.feed(self.folder / "large.npy", batch_size=4, workers=1, slots=1)
            said = []

            def read():
                try:
                    while True:
                        len(ds[0])
                except lazynpy.FeederError as e:
                    said.append(str(e))

            t = threading.Thread(target=read)
            t.start()
            time.sleep(0.01)
            ds.close()
            t.join(20)
            self.assertEqual(len(said), 1)


class Shared(Case):
    def start(self, *flags):
        path = str(self.folder / "feed.sock")
        p = subprocess.Popen([lazynpy.binary(), "feed", self.files(), "--inputs", "i", "--batch", "4", "--socket", path, *flags], stdout=subprocess.PIPE)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        self.assertTrue(p.stdout.readline())
        return path, p

    def test_ranks(self):
        path, p = self.start("--epochs", "1")
        ranks = [self.feed(socket=path, rank=r, world=2) for r in range(2)]
        self.assertEqual(sorted(samples(ranks[0]) + samples(ranks[1])), list(range(23)))
        for options in ({"batch_size": 8}, {"shuffle": True}, {"seed": 1}, {"targets": ["y"]}, {"subset": np.arange(3)}, {"files": self.folder}):
            with self.subTest(options), self.assertRaisesRegex(lazynpy.ConfigError, next(iter(options))):
                lazynpy.feed(socket=path, **options)
        again = pickle.loads(pickle.dumps(ranks[1]))
        self.assertEqual(again[0].samples.tolist(), ranks[1][0].samples.tolist())
        again.close()
        ranks[0].close()
        self.assertEqual(len(ranks[1][1]), 4)
        p.kill()
        p.wait()
        with self.assertRaisesRegex(lazynpy.FeederError, "has ended"):
            ranks[1][0]

    def test_nobody_there(self):
        with self.assertRaisesRegex(lazynpy.FeederError, "no feeder answers"):
            lazynpy.feed(socket=self.folder / "none.sock")


if __name__ == "__main__":
    unittest.main()
