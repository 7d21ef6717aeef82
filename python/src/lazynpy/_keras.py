"""Batches for Keras 3."""

import keras


class KerasBatches(keras.utils.PyDataset):
    """Batches as a ``keras.utils.PyDataset``: ``model.fit(ds.keras(), epochs=10)``.

    Finite, it has as many batches as an epoch has, and each pass over it has those that follow on the pass before. ``fit(shuffle=True)``, Keras's
    default, changes the order of the batches of a pass; with ``shuffle=False`` they come in theirs. Infinite (``steps_per_epoch=len(ds)``), there is
    no end. Either way, a ``fit`` goes on where the one before it stopped, and the first one begins where the feed stands.

    What an unbuilt model, or TensorFlow's back end, asks for to look at shapes comes again in training. The feeder reads ahead, so that ``workers``
    and ``use_multiprocessing``, by which Keras would add threads or processes, stay 1 and False whatever they are set to.

    A mask becomes sample weights. ``named`` has dicts by name instead of arrays and tuples.
    """

    workers = property(lambda self: 1, lambda self, n: None)
    use_multiprocessing = property(lambda self: False, lambda self, on: None)

    def __init__(self, feed, infinite=False, named=False):
        super().__init__()
        self.feed, self.infinite, self.named = feed, infinite, named
        self._start = feed.step  # of the pass
        self._served, self._in_order = 0, True  # of its batches
        self._trained = False  # an epoch of training ended with one of them
        self._ended = False  # an epoch did
        self._looked = False  # at the shapes of the pass, since no epoch had ended before it
        self._last = None  # what Keras asked for last: its "length" or a "batch"
        self._progress = None

    def __len__(self):
        return len(self.feed)

    @property
    def num_batches(self):
        self._last = "length"
        return None if self.infinite else len(self.feed)

    def __getitem__(self, index):
        # The generator of a finite pass asks for the length right before its first batch, and for no other. An infinite one begins with batch 0.
        if index == 0 if self.infinite else self._last == "length":
            self._begin()
        self._last = "batch"
        self._in_order &= index == self._served
        self._served += 1
        batch = self.feed[self._start + index]
        parts = self.feed._parts(batch, self.named)
        if batch.mask is None:
            return parts
        if not batch.targets:
            return parts
        return (*parts, batch.mask.astype("float32"))

    def on_epoch_end(self):
        # Keras resets its iterator before the first epoch of a fit, and asks for the length then.
        self._trained |= self._last == "batch"
        self._ended = True

    def _begin(self):
        if self._progress is not None and self._in_order and self._progress.counted:
            self._start = self._progress.step
        elif self._trained or self._served > 2 or (self._served == len(self.feed) and not self._looked):  # else they were only looked at
            self._start += self._served if self.infinite else len(self.feed)
        self._served, self._in_order, self._trained, self._looked = 0, True, False, not self._ended
        if self._progress is not None:
            self._progress.begin(self._start)

    def progress(self):
        """A callback for ``fit`` that counts the batches of training, so that ``state_dict`` is exact where Keras asks for batches ahead, as on a GPU."""
        if self._progress is None:
            self._progress = _Progress()
        return self._progress

    def state_dict(self):
        """Where to go on after the batches of training so far: for :func:`lazynpy.feed` or ``load_state_dict`` of a feed."""
        if self._progress is not None and self._progress.counted:
            step = self._progress.step
        else:
            step = self._start + self._served
        if not self._in_order and step < self._start + len(self.feed):
            raise ValueError("Keras changed the order of the batches, and stands in the middle of them: use fit(shuffle=False), or keras(infinite=True)")
        return self.feed.state_dict(step)


class _Progress(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self._origin, self._done, self._before = None, 0, 0
        self._waiting = False

    @property
    def counted(self):
        return self._origin is not None and not self._waiting

    @property
    def step(self):
        return self._origin + self._done

    def begin(self, start):
        if self._waiting:
            self._origin, self._waiting, self._done = start, False, 0

    def on_train_begin(self, logs=None):
        self._before = 0
        if self._origin is not None:
            self._origin, self._done = self.step, 0
        else:
            self._waiting = True

    def on_epoch_begin(self, epoch, logs=None):
        self._before = self._done

    def on_train_batch_end(self, batch, logs=None):
        self._done = self._before + batch + 1
