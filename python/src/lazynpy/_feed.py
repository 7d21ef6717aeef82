"""Training batches of .npy and .npz files, read by a feeder beside this process."""

import json
import operator
import os
import socket as sockets
import threading

import numpy as np

from ._client import Array, Connection, Process
from ._errors import ConfigError, FeederError


class Batch:
    """One batch. It unpacks: ``x, y = batch``; ``(x,)`` without targets; ``x, y, mask`` where the feed has masks.

    ``x`` and ``y`` are arrays, or tuples of arrays where several were named; samples lie along the first axis of each. Arrays are views of
    memory that is shared with the feeder, and may be written to. They are valid as long as they live, also when the feed was closed.
    """

    __slots__ = ("epoch", "inputs", "mask", "samples", "step", "targets")

    def __init__(self, reply, arrays):
        #: Number of the batch, counted through all epochs, and the epoch that it belongs to.
        self.step, self.epoch = reply["step"], reply["epoch"]
        roles = [a["role"] for a in reply["arrays"]]

        def of(role):
            return tuple(a for a, r in zip(arrays, roles) if r == role)

        self.inputs, self.targets = of("input"), of("target")
        #: Which samples are real, or None; the others are zeros.
        self.mask = next(iter(of("mask")), None)
        #: Numbers of the samples in the data set, -1 for padding.
        self.samples = next(iter(of("samples")), None)

    def __len__(self):
        """How many samples there are."""
        return len(self.inputs[0])

    @property
    def x(self):
        return self.inputs[0] if len(self.inputs) == 1 else self.inputs

    @property
    def y(self):
        return self.targets[0] if len(self.targets) == 1 else self.targets

    def parts(self):
        """What it unpacks to."""
        parts = (self.x, self.y) if self.targets else (self.x,)
        return parts if self.mask is None else (*parts, self.mask)

    def __iter__(self):
        return iter(self.parts())

    def __repr__(self):
        return f"Batch(step={self.step}, epoch={self.epoch}, shapes={[a.shape for a in self.inputs + self.targets]})"


def column(key="", *, name=None, files=None, channels=None, dtype=None, scale=None, mean=None, std=None, classes=None):
    """An input or a target of which more is to be said than its key.

    key: the name of the array in each archive; "" is the only array of an archive or of a .npy file.
    name: what it is called in batches. files: files of its own, as many as the others have.
    channels: indices of the last axis that are taken. dtype: what elements are cast to.
    scale, mean, std: elements become (x*scale - mean) / std; mean and std are numbers, or one for each index of the last axis.
    classes: labels from 0 to classes-1 become one-hot vectors.
    """
    c = {"key": key, "name": name, "files": None if files is None else _paths(files), "scale": scale, "classes": classes}
    c["channels"] = None if channels is None else _integers("channels", channels)
    c["mean"] = None if mean is None else _numbers("mean", mean)
    c["std"] = None if std is None else _numbers("std", std)
    c["dtype"] = None if dtype is None else dtype if isinstance(dtype, str) else np.dtype(dtype).str
    return {k: v for k, v in c.items() if v is not None}


def window(length, *, stride=1, across=False, edge="none", targets="last", ahead=0):
    """Samples of so many consecutive entries, each window so many behind the one before it.

    across: all files are one sequence, else each is one. edge: "none" has whole windows only; "start" one that ends, and "end" one that
    begins, at each entry (of the stride), completed by zeros. targets: "last" is the entry at the last one of a window, "steps" one for each
    of them; both so many entries ``ahead``.
    """
    return {"length": length, "stride": stride, "across": across, "edge": edge, "targets": targets, "ahead": ahead}


def feed(
    files=None,
    *,
    inputs=None,
    targets=(),
    batch_size=32,
    shuffle=False,
    seed=0,
    epochs=None,
    last="short",
    rank=0,
    world=1,
    file_per_sample=False,
    match_names=False,
    window=None,
    join=False,
    subset=None,
    stratify=None,
    weights=None,
    on_error="fail",
    workers=0,
    memory=None,
    slots=None,
    state=None,
    socket=None,
):
    """Training batches of the samples in .npy and .npz files, as they are.

    files: a path, a pattern or a folder, or a list of such. What a pattern or a folder has is in natural order.
    inputs, targets: keys of the arrays, or what :func:`column` makes; one or a list. Default: the only array of each file is the input.
    batch_size: samples of a batch on each rank. last: what becomes of those that do not fill one: "short", "drop" or "pad".
    shuffle: False, True (global; by blocks where members are deflated), "global", "blocks", "blocks:N" or "blocks:N:M".
    stratify: a label for each sample; weights: a weight for each, to be drawn with replacement. Both are instead of shuffle.
    seed: decides all that is random. epochs: how many there are; default: no end.
    rank, world: this process is number rank of world that share the samples, all with as many batches.
    file_per_sample: each file is one sample, instead of each entry of the first axis.
    match_names: columns with files of their own are paired by name, not by order.
    window: a length, or what :func:`window` makes. join: makes one input of all, along their last axes.
    subset: (lo, hi) is a random part, such as (0, 0.8); or an array of indices, or the path of one.
    on_error: "fail", or "skip" to mask samples that cannot be read; Feed.skipped tells which.
    workers: how many threads read; memory: bytes that batches and caches take at most (256 MiB); slots: batches in shared memory.
    state: what :meth:`Feed.state_dict` gave: goes on there, with any batch size and world.
    socket: the path of a running ``lazynpy feed``, whose flags say all but rank, world, slots and state. Otherwise this process starts a feeder, which
    ends when it does, and one more in each process that it forks or that the feed is sent to.

    What is wrong is told here: ConfigError, MissingError, StateError.
    """
    given = dict(locals())
    opening = {"rank": _integer("rank", rank), "world": _integer("world", world), "slots": _integer("slots", slots, None), "state": _state(state)}
    if socket is not None:
        for name, value in given.items():
            # An array, a list or a 0 where the default is False are said as well.
            if name not in _OF_A_CLIENT and not (value is _DEFAULTS[name] or type(value) is type(_DEFAULTS[name]) and value == _DEFAULTS[name]):
                raise ConfigError(f"{name} is for the flags of the feeder that runs: with socket there are only rank, world, slots and state")
        if rank == 0 and world == 1:
            del opening["rank"], opening["world"]  # those of the feeder's flags
        return Feed(None, os.fspath(socket), opening)
    if files is None and inputs is None:
        raise ConfigError("no files are named")
    batch_size, seed = _integer("batch_size", batch_size), _integer("seed", seed)
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}: a batch has one sample at least")
    if not 0 <= seed < 1 << 64:
        raise ConfigError(f"seed is {seed}: it is at least 0 and less than 2**64")
    config = {
        "files": _paths(files) if files is not None else [],
        "inputs": _columns("" if inputs is None else inputs),
        "targets": _columns(targets),
        "batch": batch_size,
        "order": _order(shuffle, stratify, weights),
        "seed": seed,
        "epochs": _integer("epochs", epochs, -1),
        "last": last,
        "file_per_sample": file_per_sample,
        "match_names": match_names,
        "join": join,
        "on_error": on_error,
        "workers": _integer("workers", workers),
    }
    if window is not None:
        config["window"] = window if isinstance(window, dict) else {"length": window}
    if subset is not None:
        config["subset"] = _subset(subset, seed)
    if memory is not None:
        config["memory"] = _integer("memory", memory)
    return Feed(config, None, opening)


# What feed has if nothing is said, and what of it a client says to a feeder that runs already.
_DEFAULTS = feed.__kwdefaults__ | {"files": None}
_OF_A_CLIENT = ("socket", "rank", "world", "slots", "state")


class Feed:
    """Batches by number, one after the other, and for Keras, PyTorch and Grain. Made by :func:`feed`.

    ``len(ds)`` is the number of batches of an epoch, ``ds[n]`` batch n, counted through all epochs. A loop has the rest of the epoch at which the feed
    stands, and the next loop the next epoch. It is safe for concurrent use by threads; processes that it is sent to, or that are forked, open it
    again where it stood.

    Batches are views of a few slots of shared memory. A slot goes back to the feeder when the last array over it is gone; whoever keeps more batches than there are slots
    to spare gets copies.
    """

    def __init__(self, config, path, opening):
        self._config, self._path, self._opening = config, path, opening
        self._folder = os.getcwd()
        self._lock = threading.Lock()
        self._connection = self._ended = None
        self._open()
        #: Number of the batch that comes next in a loop.
        self.step = self._info["first"]

    def _open(self):
        """A connection. The lock is held, or nobody else has the feed yet."""
        opening = {k: v for k, v in self._opening.items() if v is not None}
        process = None
        if self._path is None:
            process = Process(self._config, self._folder)
            sock = process.socket
        else:
            sock = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
            try:
                sock.connect(self._path)
            except OSError as e:
                sock.close()
                raise FeederError(f"{self._path}: no feeder answers: {e.strerror or e}") from e
        self._connection = Connection(sock, process, **opening)
        self._pid = os.getpid()
        self._info = self._connection.info

    def _connected(self):
        with self._lock:
            if self._ended is not None:
                raise FeederError(self._ended)
            if self._connection is None or self._pid != os.getpid() or self._connection.interrupted:
                self._open()
            return self._connection

    def __len__(self):
        return self._info["steps"]

    def __getitem__(self, step):
        step = operator.index(step)
        if step < 0:
            raise IndexError(f"there is no batch {step}: they are counted from 0")
        return Batch(*self._connected().get(step))

    def __iter__(self):
        end = self.epoch_end(self.step)
        while True:
            with self._lock:  # threads that loop at once share the batches
                step = self.step
                if step >= end:
                    return
                self.step = step + 1
            try:
                batch = self[step]
            except BaseException:
                with self._lock:  # it comes next, unless another thread went on
                    if self.step == step + 1:
                        self.step = step
                raise
            yield batch

    def epoch_end(self, step):
        """The number of the first batch of the epoch behind that of a batch."""
        end, steps = self._info["next_epoch"], len(self)
        if step >= end:
            end += ((step - end) // steps + 1) * steps
        return end if self.end is None else min(end, self.end)

    @property
    def first(self):
        """Number of the first batch: 0, or that of the state with which the feed was opened."""
        return self._info["first"]

    @property
    def end(self):
        """Number of the batch behind the last one; None if there is no last one."""
        return self._info["end"]

    @property
    def batch_size(self):
        return self._info["batch"]

    @property
    def samples(self):
        """How many samples an epoch has, on all ranks together."""
        return self._info["samples"]

    @property
    def order(self):
        """In words, in which order samples come."""
        return self._info["order"]

    @property
    def fingerprint(self):
        """Tells data sets and orders apart."""
        return self._info["fingerprint"]

    @property
    def columns(self):
        """The arrays of batches, in order: name, role, dtype, and the shape of one sample."""
        return [Array(c) for c in self._info["columns"]]

    def skipped(self):
        """How many files and samples were passed over, and what was wrong with the first of them."""
        return self._connected().skipped()

    def state_dict(self, step=None):
        """Where batch ``step`` comes next; by default that of the next loop. It is a dict of less than 300 bytes as JSON, the same on all ranks."""
        return self._connected().state(self.step if step is None else step)

    def load_state_dict(self, state):
        """Go on at a state, which may come from another batch size and world. Batches that are held stay valid."""
        opening = {**self._opening, "state": _state(state)}
        with self._lock:
            before = self._connection, self._opening
            self._connection, self._opening = None, opening
            try:
                self._open()
            except BaseException:
                self._connection, self._opening = before
                raise
            self.step = self._info["first"]
        if before[0] is not None:
            before[0].close()

    def close(self):
        """End the feeder, if it is this process's. Batches that are held stay valid."""
        self._ended = "the feed is closed"
        if self._connection is not None:
            self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        connection = self.__dict__.get("_connection")
        if connection is not None:
            connection.close()

    def __getstate__(self):
        return {"opening": (self._config, self._path, self._opening), "folder": self._folder, "info": self._info, "step": self.step}

    def __setstate__(self, s):
        self._config, self._path, self._opening = s["opening"]
        self._folder, self._info, self.step = s["folder"], s["info"], s["step"]
        self._lock = threading.Lock()
        self._connection = self._ended = None
        self._pid = os.getpid()

    def __repr__(self):
        what = self._path if self._path is not None else self._config["files"]
        return f"<lazynpy.feed {what!r}: {len(self)} batches of {self.batch_size}, {self.samples} samples, {self.order}>"

    def keras(self, *, infinite=False, named=False):
        """The batches as a ``keras.utils.PyDataset``. See :class:`lazynpy._keras.KerasBatches`."""
        from ._keras import KerasBatches

        return KerasBatches(self, infinite=infinite, named=named)

    def torch(self, *, named=False):
        """The batches as a ``torch.utils.data.IterableDataset`` of tensors. See :class:`lazynpy._torch.TorchBatches`."""
        from ._torch import TorchBatches

        return TorchBatches(self, named=named)

    def grain(self, *, named=False):
        """The batches of an epoch, or of all, as a random-access source for Grain. See :class:`lazynpy._grain.GrainBatches`."""
        from ._grain import GrainBatches

        return GrainBatches(self, named=named)

    def _names(self, role):
        return [c.name for c in self.columns if c.role == role]

    def _parts(self, batch, named, convert=lambda a: a):
        """What a batch unpacks to, each array converted, by name where that was asked for."""

        def part(arrays, role):
            arrays = tuple(convert(a) for a in arrays)
            if named:
                return dict(zip(self._names(role), arrays))
            return arrays[0] if len(arrays) == 1 else arrays

        parts = (part(batch.inputs, "input"),)
        if batch.targets:
            parts += (part(batch.targets, "target"),)
        return parts


def _state(state):
    if isinstance(state, (str, bytes)):
        try:
            state = json.loads(state)
        except ValueError as e:
            raise ConfigError(f"a state is what state_dict gave, or that as JSON: {e}") from e
    if state is not None and not isinstance(state, dict):
        raise ConfigError(f"a state is what state_dict gave, or that as JSON, and not a {type(state).__name__}")
    return state


def _paths(files):
    if isinstance(files, (str, os.PathLike)):
        files = [files]
    return [os.fspath(f) for f in files]


def _columns(keys):
    if isinstance(keys, (str, dict)):
        keys = [keys]
    try:
        keys = list(keys)
    except TypeError:
        keys = [keys]
    for k in keys:
        if not isinstance(k, (str, dict)):
            raise ConfigError(f"{k!r} is no input or target: name its key, or use lazynpy.column")
    return [column(k) if isinstance(k, str) else k for k in keys]


def _integer(name, value, default=0):
    """An option that is an integer; None is a default where there is one that is not 0."""
    if value is None and default != 0:
        return default
    try:
        return operator.index(value)
    except TypeError:
        raise ConfigError(f"{name} is {value!r}, and not an integer") from None


def _list(name, values):
    """Numbers as an array of one axis."""
    try:
        a = np.asarray(values)
    except ValueError:
        raise ConfigError(f"{name} is not a list of numbers") from None
    if a.dtype.kind not in "biuf":
        raise ConfigError(f"{name} is an array of {a.dtype}, and not of numbers")
    if a.ndim > 1 and a.size != a.shape[-1]:
        raise ConfigError(f"{name} has the shape {a.shape}, and not one axis")
    return a.reshape(-1)


def _numbers(name, values):
    return [float(v) for v in _list(name, values).tolist()]


def _integers(name, values):
    a = _list(name, values)
    if a.dtype.kind == "f":
        for v in a[a != np.trunc(a)][:1].tolist():
            raise ConfigError(f"{name} has {v}, which is not an integer" + ("; a random part is a tuple, as (0, 0.8)" if name == "subset" else ""))
    return [int(v) for v in a.tolist()]


def _order(shuffle, stratify, weights):
    if (stratify is not None) + (weights is not None) + (shuffle not in (False, None)) > 1:
        raise ConfigError("shuffle, stratify and weights are three orders: name one")
    if stratify is not None:
        return {"stratified": _integers("stratify", stratify)}
    if weights is not None:
        return {"weighted": _numbers("weights", weights)}
    if isinstance(shuffle, str):
        return shuffle
    return "auto" if shuffle else "none"


def _subset(subset, seed):
    if isinstance(subset, (str, os.PathLike)):
        return {"file": os.fspath(subset)}
    if isinstance(subset, tuple) and len(subset) == 2:
        return {"fraction": [float(subset[0]), float(subset[1])], "seed": seed}
    indices = _list("subset", subset)
    return {"indices": _integers("subset", np.flatnonzero(indices) if indices.dtype == bool else indices)}
