"""kill -9 of each side at random moments: a clear error on the other side, and nothing is left of either."""

import os
import random
import signal
import subprocess
import sys
import time
import unittest

import common
import lazynpy
from common import Case

TRAINER = """
import multiprocessing, os, sys
import lazynpy
files, forks, socket = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if socket:
    ds = lazynpy.feed(socket=socket)
else:
    ds = lazynpy.feed(files, inputs="x", targets="y", batch_size=8, shuffle=True)

def train(parent):
    while True:
        for x, y in ds:
            assert x.shape[0] == y.shape[0]
            if os.getppid() != parent:  # a worker goes with its trainer, as those of loaders do
                os._exit(0)

print("ready", flush=True)
try:
    for _ in range(forks):
        multiprocessing.get_context("fork").Process(target=train, args=(os.getpid(),), daemon=True).start()
    train(os.getppid())
except lazynpy.FeederError as e:
    print(e, flush=True)
    os._exit(7)
"""

TIMES = 50 if common.LONG else 8


class Kill(Case):
    def setUp(self):
        super().setUp()
        self.random = random.Random(common.SEED)
        self.paths = self.files((300, 500))
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.before = common.feeders(), common.rings()

    def trainer(self, forks=0, socket=""):
        command = [sys.executable, "-c", TRAINER, self.paths, str(forks), socket]
        p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(self.temporary)})
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        self.assertEqual(p.stdout.readline(), "ready\n")
        return p

    def pause(self):
        time.sleep(self.random.uniform(0, 0.05))

    def nothing_left(self):
        feeders, rings = self.before
        common.wait(lambda: common.feeders() <= feeders, "feeders are left")
        common.wait(lambda: common.rings() <= rings, "shared memory is left")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_trainers(self):
        for n in range(TIMES):
            p = self.trainer(forks=n % 3)
            self.pause()
            p.kill()
            p.wait()
            self.nothing_left()

    def test_feeders(self):
        for n in range(TIMES):
            p = self.trainer()
            (feeder,) = common.children(p.pid)
            self.pause()
            os.kill(feeder, signal.SIGKILL)
            self.assertEqual((p.stdout.read(), p.wait(timeout=20)), ("the feeder has ended: it was killed by SIGKILL\n", 7), n)
            self.nothing_left()

    def serving(self):
        path = str(self.folder / "feed.sock")
        command = [lazynpy.binary(), "feed", self.paths, "--inputs", "x", "--targets", "y", "--batch", "8", "--shuffle", "--epochs", "0", "--socket", path]
        p = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.addCleanup(p.stdout.close)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        self.assertTrue(p.stdout.readline())
        return p, path

    def test_trainers_that_share_a_feeder(self):
        feeder, path = self.serving()
        stays = self.trainer(socket=path)
        for n in range(TIMES):
            p = self.trainer(socket=path)
            self.pause()
            p.kill()
            p.wait()
            self.assertIsNone(stays.poll())
        feeder.kill()
        feeder.wait()
        self.assertIn("the feeder has ended", stays.stdout.read())
        self.assertEqual(stays.wait(timeout=20), 7)
        self.nothing_left()

    def test_feeder_of_several(self):
        for n in range(max(TIMES // 4, 2)):
            feeder, path = self.serving()
            trainers = [self.trainer(socket=path) for _ in range(3)]
            self.pause()
            feeder.kill()
            for p in trainers:
                self.assertIn("the feeder has ended", p.stdout.read())
                self.assertEqual(p.wait(timeout=20), 7, n)
            self.nothing_left()


if __name__ == "__main__":
    unittest.main()
