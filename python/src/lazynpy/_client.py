"""A client of ``lazynpy feed``: requests over a Unix socket, batches in shared memory.

The protocol is docs/feed.md of the source tree. Arrays of a batch are views of a slot of the ring, which the feeder does not write to
as long as any of them lives: the slot goes back when the last of them has been collected.
"""

import ast
import collections
import json
import mmap
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
import weakref

import numpy as np

from . import _errors
from ._binary import binary
from ._errors import ConfigError, FeederError

_PROTOCOL = 1

# How long to look at nothing but the socket: then also whether the feeder's process is there still.
_PATIENCE_MS = 300


class _Slot:
    """The memory of one batch. NumPy keeps it as the base of arrays over it."""

    __slots__ = ("__array_interface__", "__weakref__", "_back", "_number", "_ring")

    def __init__(self, ring, address, size, number, back):
        self.__array_interface__ = {"version": 3, "typestr": "|u1", "shape": (size,), "data": (address, False)}
        self._ring, self._number, self._back = ring, number, back

    def __del__(self):
        # This may run anywhere, in the middle of a request too, so that it only notes what the next request says.
        self._back.append(self._number)


class Array:
    """An array of the batches of a feed: its name, what it is for, and its dtype and shape for one sample."""

    __slots__ = ("dtype", "name", "role", "shape")

    def __init__(self, column):
        self.name, self.role = column["name"], column["role"]
        self.dtype, self.shape = _dtype(column["dtype"]), tuple(column["shape"])

    def __repr__(self):
        return f"Array(name={self.name!r}, role={self.role!r}, dtype={self.dtype.str!r}, shape={self.shape})"


class Process:
    """A feeder that belongs to this process: it ends when this process does, however that ends."""

    def __init__(self, config, folder=None):
        if not hasattr(socket, "AF_UNIX") or not hasattr(socket, "recv_fds"):
            raise FeederError("feed needs Unix sockets that pass descriptors, as on Linux and macOS")
        try:
            text = json.dumps(config, default=_plain, allow_nan=False).encode()
        except ValueError as e:
            raise ConfigError("numbers of a data set are finite, and no weight, mean or std is NaN") from e
        path = binary()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._complaints = tempfile.TemporaryFile()
        try:
            with theirs:
                # A session of its own, so that the Ctrl-C that ends a training loop leaves the feeder to tell the state.
                self._popen = subprocess.Popen(
                    [path, "feed", "--fd", str(theirs.fileno()), "--config", "-"],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=self._complaints,
                    start_new_session=True,
                    cwd=folder,
                )
        except OSError as e:
            ours.close()
            self._complaints.close()
            raise FeederError(f"{path} cannot be started: {e.strerror or e}") from e
        except BaseException:
            ours.close()
            raise
        self.socket = ours
        try:
            with self._popen.stdin as pipe:
                pipe.write(text)
        except BrokenPipeError:
            pass  # it has ended, and the first request tells why

    def poll(self):
        return self._popen.poll()

    def reason(self):
        """Why the process ended: its last words, or how it was ended."""
        try:
            code = self._popen.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "it closed the connection"
        if code < 0:
            try:
                return f"it was killed by {signal.Signals(-code).name}"
            except ValueError:
                return f"it was killed by signal {-code}"
        try:
            self._complaints.seek(0)
            lines = self._complaints.read(1 << 16).decode(errors="replace").strip().splitlines()
        except ValueError:  # another thread closes the feed
            lines = []
        return lines[0].removeprefix("lazynpy: ") if lines else f"it exited with status {code}"

    def forget(self):
        """Let go of the process, which a fork made this one's sibling."""
        self._popen.returncode = 0
        self._complaints.close()

    def end(self):
        """End the process, whose socket was closed."""
        try:
            self._popen.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._complaints.close()


class Connection:
    """One client of a feeder. It is safe for concurrent use by threads.

    A process that is forked has no part in it: its copy is closed there, and says so.
    """

    def __init__(self, sock, process=None, **options):
        self._socket, self._process = sock, process
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._lock = threading.Lock()
        self._buffer = bytearray()
        self._back = collections.deque()
        self._held = 0
        self._closed = None
        self.interrupted = False
        self._descriptors = []
        _connections.add(self)
        try:
            self.info = self._ask({"op": "open", "version": _PROTOCOL, **options})
            self._map()
        except BaseException:
            self.close()
            raise

    def _map(self):
        if not self._descriptors:
            raise FeederError("the feeder passed no memory")
        self._size = self.info["slot_bytes"]
        size = self.info["slots"] * self._size
        try:
            self._ring = mmap.mmap(self._descriptors[0], size) if size else bytearray(1)
        except (OSError, ValueError) as e:
            raise FeederError(f"the feeder's memory of {size} bytes cannot be mapped: {e}") from e
        finally:
            while self._descriptors:
                os.close(self._descriptors.pop())
        self._address = np.frombuffer(self._ring, np.uint8).__array_interface__["data"][0]
        # Two slots are left for reading ahead; of one that is held on top of that, the batch is copied.
        slots = self.info["slots"]
        self.most_held = max(slots - 2, min(slots - 1, 1))

    def get(self, step):
        """The reply to a request for a batch, and its arrays in order."""
        with self._lock:
            reply = self._ask({"op": "get", "step": step, "release": self._released()})
            self._held += 1
            slot, first = reply["slot"], reply["slot"] * self._size
            memory = np.asarray(_Slot(self._ring, self._address + first, self._size, slot, self._back))
            arrays = []
            for a in reply["arrays"]:
                dtype, shape = _dtype(a["dtype"]), a["shape"]
                begin = a["offset"] - first
                size = dtype.itemsize
                for n in shape:
                    size *= n
                if begin < 0 or begin + size > self._size:
                    raise FeederError(f"array {a['name']!r} of batch {step} does not lie in its slot")
                arrays.append(memory[begin : begin + size].view(dtype).reshape(shape) if size else np.empty(shape, dtype))
            if self._held > self.most_held:
                arrays = [a.copy() for a in arrays]
            return reply, arrays

    def state(self, step):
        with self._lock:
            return self._ask({"op": "state", "step": step})["state"]

    def skipped(self):
        with self._lock:
            reply = self._ask({"op": "skipped"})
            return reply["count"], reply["errors"]

    def close(self, why="the feed is closed"):
        """Close the connection, and end a feeder of our own. Arrays stay valid."""
        _connections.discard(self)
        if self._closed is None:
            self._closed = why
            try:
                self._socket.shutdown(socket.SHUT_RDWR)  # also of copies that other processes have, and a thread that waits wakes
            except OSError:
                pass
            self._socket.close()
            self._ring = None  # each batch that is held has it
            while self._descriptors:
                os.close(self._descriptors.pop())
            if self._process is not None:
                self._process.end()

    def forget(self):
        """Close what a fork copied, in the child; the parent and its feeder notice nothing."""
        self._closed = "the feed was opened by the process that this one was forked from"
        self._socket.close()
        if self._process is not None:
            self._process.forget()
        self._lock = threading.Lock()

    def _released(self):
        """Slots whose arrays are gone."""
        slots = []
        while self._back:
            slots.append(self._back.popleft())
        self._held -= len(slots)
        return slots

    def _ask(self, request):
        """The reply to a request. The lock is held, but for the first one."""
        if self._closed is not None:
            raise FeederError(self._closed)
        try:
            self._socket.sendall(json.dumps(request, default=_plain).encode() + b"\n")
            reply = self._reply()
        except FeederError:
            raise
        except (OSError, ValueError) as e:
            raise self._gone(e) from e
        except BaseException:
            # By Ctrl-C, say. Whether a reply is still to come is not known, so that this connection has no other use.
            self.interrupted = True
            self.close("the feed was interrupted")
            raise
        if not reply.get("ok"):
            raise _errors.of(reply)
        return reply

    def _reply(self):
        """The next line of the feeder. It waits as long as the feeder lives."""
        while True:
            end = self._buffer.find(b"\n")
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                return json.loads(line)
            if not self._poll.poll(_PATIENCE_MS):
                if self._process is not None and self._process.poll() is not None:
                    raise self._gone()
                continue
            if hasattr(self, "_size"):
                data = self._socket.recv(1 << 16)
            else:
                data, descriptors, _, _ = socket.recv_fds(self._socket, 1 << 16, 1)
                self._descriptors += descriptors
            if not data:
                raise self._gone()
            self._buffer += data

    def _gone(self, cause=None):
        """The error for a connection that gave no reply."""
        if self._closed is not None:  # by another thread
            return FeederError(self._closed)
        if self._process is not None:
            why = self._process.reason()
        else:
            why = "it closed the connection" if cause is None else str(cause)
        error = FeederError(f"the feeder has ended: {why}")
        self.close(str(error))
        return error


def _plain(value):
    """A number of NumPy as one of Python."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is no option of a feed")


def _dtype(descr):
    """A dtype as the header of a .npy file has it."""
    return np.dtype(ast.literal_eval(descr) if descr.startswith("[") else descr)


# Connections of this process, for forks of it.
_connections = weakref.WeakSet()


def _after_fork():
    for c in list(_connections):
        c.forget()
    _connections.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
