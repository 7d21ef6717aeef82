"""What can go wrong, as exceptions that carry the engine's sentence."""


class Error(Exception):
    """An error of lazynpy.

    ``file``, ``member``, ``index`` and ``sample`` say which place of the data it is about, where it is about one; else they are None.
    """

    def __init__(self, message, file=None, member=None, index=None, sample=None):
        super().__init__(message)
        self.file, self.member, self.index, self.sample = file, member, index, sample

    def __str__(self):
        return str(self.args[0]) if self.args else ""

    def __reduce__(self):
        return type(self), (*self.args, self.file, self.member, self.index, self.sample)


class ConfigError(Error, ValueError):
    """What was asked for cannot be: an option out of range, files that do not fit each other."""


class MissingError(ConfigError, FileNotFoundError):
    """There is no such file, folder or member."""


class StateError(Error, ValueError):
    """A state that belongs to other data, another order or another seed."""


class DataError(Error, ValueError):
    """A sample that cannot be read, because the file is damaged or a label is no class."""


class ChangedError(DataError):
    """A file that vanished, shrank, grew or was replaced since it was opened."""


class FeedMemoryError(Error, MemoryError):
    """There is no room for a batch within the memory that was given."""


class FeederError(Error, ConnectionError):
    """The feeder cannot be started, has ended, or does not speak as it should."""


_KINDS = {
    "config": ConfigError,
    "missing": MissingError,
    "state": StateError,
    "data": DataError,
    "changed": ChangedError,
    "memory": FeedMemoryError,
    "slots": FeedMemoryError,
    "transform": DataError,
}


def of(reply):
    """The exception for a reply of the feeder that is an error."""
    kind = _KINDS.get(reply.get("kind"), FeederError)
    if reply.get("kind") in ("end", "range"):
        return IndexError(reply.get("error"))

    def place(field, none):
        value = reply.get(field, none)
        return None if value == none else value

    return kind(reply.get("error", "no reason was given"), place("file", ""), place("member", ""), place("index", -1), place("sample", -1))
