"""Archives that programs can read in different ways, and what Python's zipfile makes of each.

    python3.13 ambiguous.py [OTHER_PYTHON...] > ambiguous.jsonl

writes a line for each archive: its name, its bytes in base64, and the verdicts of the interpreters, by version, the
same ones once. A verdict is an error, or the members in order: name, and content (latin-1) or null if it cannot be
read. With --verdicts DIR it prints the verdicts of the files in DIR instead.
"""

import base64
import bz2
import io
import json
import lzma
import os
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile
import zlib

A, B, C = b"content of a", b"the content of b", b"content of c, the third"
PLAIN, DEFLATED = 0, 8


def deflate(data):
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return c.compress(data) + c.flush()


class Member:
    """A member with headers that say what they are told to."""

    def __init__(self, name, data, method=PLAIN, raw=None, **fields):
        self.name, self.method = name, method
        self.raw = raw if raw is not None else deflate(data) if method == DEFLATED else data
        self.f = dict(crc=zlib.crc32(data), csize=len(self.raw), size=len(data), flags=0, version=20, extra=b"", comment=b"", disk=0, offset=None,
                      descriptor=b"", gap=b"")
        for key in ("name", "method", "flags", "crc", "csize", "size", "extra"):
            self.f["l" + key] = None  # of the local header: as the directory
        self.f["lextra"] = b""
        self.f.update(fields)

    def local(self):
        f = self.f
        pick = lambda key, other: other if f["l" + key] is None else f["l" + key]
        name = pick("name", self.name)
        return struct.pack("<IHHHHHIIIHH", 0x04034B50, f["version"], pick("flags", f["flags"]), pick("method", self.method), 0, 0x21, pick("crc", f["crc"]),
                           pick("csize", min(f["csize"], 2**32 - 1)), pick("size", min(f["size"], 2**32 - 1)), len(name), len(f["lextra"])) + name + f["lextra"] + self.raw + f["descriptor"] + f["gap"]

    def entry(self, offset):
        f = self.f
        return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, f["version"], f["flags"], self.method, 0, 0x21, f["crc"], f["csize"], f["size"], len(self.name),
                           len(f["extra"]), len(f["comment"]), f["disk"], 0, 0, offset if f["offset"] is None else f["offset"]) + self.name + f["extra"] + f["comment"]


def end(count, size, offset, comment=b"", disk=0, dir_disk=0, comment_size=None):
    return struct.pack("<IHHHHIIH", 0x06054B50, disk, dir_disk, count, count, size, offset, len(comment) if comment_size is None else comment_size) + comment


def end64(count, size, offset, disk=0, more=b""):
    return struct.pack("<IQHHIIQQQQ", 0x06064B50, 44 + len(more), 45, 45, disk, disk, count, count, size, offset) + more


def locator(offset, disk=0, disks=1):
    return struct.pack("<IIQI", 0x07064B50, disk, offset, disks)


def parts(members, shift=0):
    """The members, and the directory of them; offsets are shifted."""
    body, directory = b"", b""
    for m in members:
        directory += m.entry(len(body) + shift)
        body += m.local()
    return body, directory


def archive(*members, shift=0, count=None, size=None, offset=None, before=b"", behind=b"", **ending):
    body, directory = parts(members, shift)
    return body + before + directory + behind + end(
        len(members) if count is None else count, len(directory) if size is None else size, len(body) + len(before) + shift if offset is None else offset, **ending)


def wide(*members, plain=None, more=b"", where=None, disks=1, disk=0, number=None, shift=0):
    body, directory = parts(members)
    n = number or (len(directory), len(body))
    record = end64(len(members), *n, more=more)
    at = len(body) + len(directory) + shift if where is None else where
    return body + directory + record + locator(at, disk, disks) + end(len(members), *(plain or (2**32 - 1, 2**32 - 1)))


def z64(*numbers):
    return struct.pack("<HH", 1, 8 * len(numbers)) + struct.pack("<%dQ" % len(numbers), *numbers)


def unicode_path(raw, name, crc=None):
    field = struct.pack("<BI", 1, zlib.crc32(raw) if crc is None else crc) + name
    return struct.pack("<HH", 0x7075, len(field)) + field


def cases():
    a, b, c = Member(b"a", A), Member(b"b", B), Member(b"c", C, DEFLATED)
    plain = archive(a, b, c)

    # The end.
    yield "plain", plain
    yield "empty", end(0, 0, 0)
    yield "empty_behind_something", b"something" + end(0, 0, 0)
    body, good = parts([Member(b"x", A), Member(b"x", B)])
    good, bad = parts([Member(b"x", A)])[1], Member(b"x", B).entry(len(Member(b"x", A).local()))
    last = good + end(1, len(good), 0, comment_size=1)
    first = end(1, len(bad), len(body), comment_size=len(last))
    yield "two_ends", body + bad + first + good + end(1, len(good), len(body) + len(bad) + 22, comment_size=1)
    yield "archive_in_comment", archive(a, comment=archive(b))
    yield "archive_in_comment_and_more", archive(a, comment=archive(b) + b"more")
    yield "signature_in_comment", archive(a, comment=b"see PK\5\6 and what follows it, which is no record")
    yield "signature_ends_comment", archive(a, comment=b"see PK\5\6")
    yield "empty_end_in_comment", archive(a, comment=b"see " + end(0, 0, 0) + b" there")
    yield "empty_end_ends_comment", archive(a, comment=b"see " + end(0, 0, 0))
    yield "comment", archive(a, comment=b"a comment")
    yield "comment_cut", archive(a, comment=b"a comment")[:-3]
    yield "comment_too_short", archive(a, comment=b"a comment", comment_size=4)
    yield "something_behind", plain + b"something"
    yield "signature_behind", plain + b"PK\5\6"
    yield "false_end_behind", plain + end(1, 50, 3)
    yield "old_archive_before", archive(a) + archive(b)
    yield "old_archive_before_adjusted", archive(a) + archive(b, shift=len(archive(a)))
    inner = archive(a)
    yield "cut_inside_archive_in_member", Member(b"outer", inner).local()
    yield "cut_behind_archive_in_member", Member(b"outer", inner).local() + b"PK"
    for n in (0, 1, 4, 65535):
        yield "count_%d" % n, archive(a, b, c, count=n)
    for disk, dir_disk in ((1, 1), (1, 0), (0, 1), (65535, 65535)):
        yield "disk_%d_%d" % (disk, dir_disk), archive(a, disk=disk, dir_disk=dir_disk)
    yield "entry_disk", archive(Member(b"a", A, disk=3))

    # zip64.
    yield "wide", wide(a, b)
    yield "wide_plain_numbers", wide(a, b, plain=(len(a.entry(0)) + len(b.entry(0)), len(a.local()) + len(b.local())))
    yield "wide_other_size", wide(a, b, plain=(len(b.entry(0)), 2**32 - 1))
    yield "wide_other_offset", wide(a, b, plain=(2**32 - 1, 7))
    yield "wide_locator_elsewhere", wide(a, b, where=5)
    yield "wide_locator_beyond", wide(a, b, where=2**63)
    yield "wide_behind_something", b"something" + wide(a, b)
    yield "wide_behind_something_adjusted_locator", b"something" + wide(a, b, shift=9)
    yield "wide_disks", wide(a, b, disks=2)
    yield "wide_disk", wide(a, b, disk=1)
    yield "wide_no_disks", wide(a, b, disks=0)
    yield "wide_more_data", wide(a, b, more=b"extensible data")
    yield "wide_directory_in_more_data", wide(a, b, more=b.entry(len(a.local())), plain=(len(b.entry(0)) + 0, 2**32 - 1))
    body, directory = parts([a, b])
    record = end64(2, len(directory), len(body))
    lie = end64(1, len(b.entry(0)), len(body) + len(a.entry(0)))
    yield "wide_two_records", body + directory + end64(2, len(directory), len(body), more=lie) + locator(len(body) + len(directory)) + end(2, 2**32 - 1, 2**32 - 1)
    yield "wide_record_elsewhere", body + lie + directory + record + locator(len(body)) + end(2, 2**32 - 1, 2**32 - 1)
    yield "wide_negative", body + directory + end64(2, 2**63 + 5, 2**63) + locator(len(body) + len(directory)) + end(2, 2**32 - 1, 2**32 - 1)
    yield "locator_in_entry_comment", archive(a, Member(b"b", B, comment=b"see " + locator(0)))
    yield "locator_in_entry_comment_far", archive(a, Member(b"b", B, comment=b"see " + locator(0, 7, 9)))
    yield "locator_in_extra", archive(a, Member(b"b", B, extra=struct.pack("<HH", 0x9999, 20) + locator(0)))
    yield "locator_in_name", archive(a, Member(b"b" + locator(0x2020202020202020, 0x20202020, 0x20202020), B))
    yield "locator_signature_in_name", archive(a, Member(b"b-PK\6\7" + b"-" * 16, B))
    yield "escaped_without_record", archive(a, size=2**32 - 1, offset=2**32 - 1)
    yield "escaped_with_locator_only", archive(a, size=2**32 - 1, offset=2**32 - 1, behind=locator(0))

    # Where the directory is, and what offsets count from.
    yield "something_before", b"#!/usr/bin/env python3\n" + plain
    yield "something_before_adjusted", b"#!/usr/bin/env python3\n" + archive(a, b, c, shift=23)
    half = archive(a, b, c, offset=len(parts([a, b, c])[0]) + 23)
    yield "something_before_half_adjusted", b"#!/usr/bin/env python3\n" + half
    yield "front_cut", plain[10:]
    yield "front_cut_one_member", plain[len(a.local()):]
    yield "front_cut_almost_all", plain[len(parts([a, b, c])[0]):]
    yield "directory_offset_low", archive(a, b, offset=3)
    yield "directory_offset_high", archive(a, b, offset=10**6)
    yield "directory_offset_huge", archive(a, b, offset=2**32 - 1)
    yield "gap_behind_directory", archive(a, b, behind=b"a gap")
    yield "two_directories", archive(a, b, before=b.entry(0), offset=len(a.local()) + len(b.local()))
    yield "two_directories_behind", archive(a, behind=Member(b"z", A).entry(0))
    yield "directory_size_small", archive(a, b, size=len(b.entry(0)))
    yield "directory_size_zero", archive(a, b, size=0)
    yield "directory_cut", archive(a, b, size=len(a.entry(0)) + 10)
    yield "directory_too_long", archive(a, b, size=len(a.entry(0)) * 2 + 40)
    yield "digital_signature", archive(a, b, size=len(a.entry(0)) * 2 + 10, behind=b"PK\5\5\4\0sign")
    yield "last_name_cut", archive(a, Member(b"b", B, comment=b"12345678"), size=len(a.entry(0)) * 2 + 4)
    yield "version_99", archive(a, Member(b"b", B, version=99))

    # Names.
    yield "duplicate", archive(a, Member(b"a", B))
    yield "duplicate_by_NUL", archive(a, Member(b"a\0x", B))
    accent, accent437, flag = "é".encode(), b"\x82", 0x800
    yield "name_437", archive(Member(accent437, A))
    yield "name_utf8", archive(Member(accent, A, flags=flag))
    yield "name_437_locally", archive(Member(accent, A, flags=flag, lname=accent437, lflags=0))
    yield "name_437_in_directory", archive(Member(accent437, A, lname=accent, lflags=flag))
    yield "name_utf8_flag_in_directory_only", archive(Member(accent, A, flags=flag, lflags=0))
    yield "name_utf8_flag_locally_only", archive(Member(accent, A, lflags=flag))
    yield "name_not_utf8", archive(Member(b"\xe9", A, flags=flag))
    yield "name_not_utf8_locally", archive(Member(accent, A, flags=flag, lname=b"\xe9\xe9"))
    yield "name_surrogate", archive(Member(b"\xed\xa0\x80", A, flags=flag))
    yield "name_NUL", archive(Member(b"a\0b", A))
    yield "name_NUL_differs", archive(Member(b"a\0b", A, lname=b"a\0c"))
    yield "name_NUL_locally", archive(Member(b"a", A, lname=b"a\0c"))
    yield "name_NUL_in_directory", archive(Member(b"a\0c", A, lname=b"a"))
    yield "name_only_NUL", archive(Member(b"\0", A))
    yield "name_empty", archive(Member(b"", A))
    yield "name_backslash", archive(Member(b"d\\a", A), Member(b"d/a", B))
    yield "name_differs", archive(Member(b"a", A, lname=b"b"))
    yield "name_locally_longer", archive(Member(b"a", A, lname=b"ab"))
    yield "name_locally_shorter", archive(Member(b"ab", A, lname=b"a"))
    yield "name_locally_empty", archive(Member(b"a", A, lname=b""))
    yield "unicode_path", archive(Member(b"raw", A, extra=unicode_path(b"raw", "ü".encode())))
    yield "unicode_path_swaps", archive(Member(b"x", A, extra=unicode_path(b"x", b"y")), Member(b"y", B, extra=unicode_path(b"y", b"x")))
    yield "unicode_path_shadows", archive(b, Member(b"raw", A, extra=unicode_path(b"raw", b"b")))
    yield "unicode_path_other_crc", archive(Member(b"raw", A, extra=unicode_path(b"raw", b"new", crc=5)))
    yield "unicode_path_not_utf8", archive(Member(b"raw", A, extra=unicode_path(b"raw", b"\xe9")))
    yield "unicode_path_empty", archive(Member(b"raw", A, extra=unicode_path(b"raw", b"")))
    yield "unicode_path_NUL", archive(Member(b"raw", A, extra=unicode_path(b"raw", b"new\0er")))
    yield "unicode_path_twice", archive(Member(b"raw", A, extra=unicode_path(b"raw", b"one") + unicode_path(b"raw", b"two")))
    yield "unicode_path_of_utf8", archive(Member(accent, A, flags=flag, extra=unicode_path(accent, b"other")))
    yield "unicode_path_same_as_utf8", archive(Member(accent, A, flags=flag, extra=unicode_path(accent, accent)))

    # Sizes, methods, flags, sums.
    both = A + B
    yield "stored_size_small", archive(Member(b"a", A, size=len(A) - 2, crc=zlib.crc32(A[:-2])))
    yield "stored_size_large", archive(Member(b"a", A, size=len(A) + 2))
    yield "stored_both_small", archive(Member(b"a", A, size=5, csize=5, crc=zlib.crc32(A[:5])))
    yield "stored_both_small_local_true", archive(Member(b"a", both, size=5, csize=5, crc=zlib.crc32(both[:5]), lsize=len(both), lcsize=len(both), lcrc=zlib.crc32(both)))
    yield "stored_both_large", archive(Member(b"a", A, size=20, csize=20), b)
    yield "deflated_size_small", archive(Member(b"a", A, DEFLATED, size=5, crc=zlib.crc32(A[:5])))
    yield "deflated_size_large", archive(Member(b"a", A, DEFLATED, size=len(A) + 5))
    yield "deflated_junk_behind", archive(Member(b"a", A, DEFLATED, raw=deflate(A) + b"junk"))
    yield "deflated_two_streams", archive(Member(b"a", A, DEFLATED, raw=deflate(A) + deflate(B)))
    yield "deflated_two_streams_size_of_both", archive(Member(b"a", both, DEFLATED, raw=deflate(A) + deflate(B)))
    yield "deflated_two_streams_sum_of_first", archive(Member(b"a", both, DEFLATED, raw=deflate(A) + deflate(B), crc=zlib.crc32(A)))
    yield "deflated_cut", archive(Member(b"a", A, DEFLATED, csize=len(deflate(A)) - 3))
    yield "deflated_empty", archive(Member(b"a", b"", DEFLATED))
    yield "deflated_nothing", archive(Member(b"a", b"", DEFLATED, raw=b""))
    yield "stored_nothing_of_something", archive(Member(b"a", A, size=0, csize=0, crc=0, lsize=len(A), lcsize=len(A), lcrc=zlib.crc32(A)))
    yield "local_sizes_differ", archive(Member(b"a", A, lsize=5, lcsize=5, lcrc=zlib.crc32(A[:5])))
    yield "local_crc_differs", archive(Member(b"a", A, lcrc=5))
    yield "local_zeros", archive(Member(b"a", A, lsize=0, lcsize=0, lcrc=0))
    sums = struct.pack("<III", zlib.crc32(A), len(A), len(A))
    yield "descriptor", archive(Member(b"a", A, flags=8, lsize=0, lcsize=0, lcrc=0, descriptor=b"PK\7\x08" + sums), b)
    yield "descriptor_without_signature", archive(Member(b"a", A, flags=8, lsize=0, lcsize=0, lcrc=0, descriptor=sums), b)
    yield "descriptor_of_64_bits", archive(Member(b"a", A, flags=8, lsize=0, lcsize=0, lcrc=0, descriptor=b"PK\7\x08" + struct.pack("<IQQ", zlib.crc32(A), len(A), len(A))), b)
    yield "descriptor_differs", archive(Member(b"a", A, flags=8, lsize=0, lcsize=0, lcrc=0, descriptor=b"PK\7\x08" + struct.pack("<III", 5, 5, 5)), b)
    yield "descriptor_in_data", archive(Member(b"a", A[:5] + b"PK\7\x08" + struct.pack("<III", zlib.crc32(A[:5]), 5, 5) + b"PK\3\4", flags=8, lsize=0, lcsize=0, lcrc=0), b)
    yield "descriptor_flag_locally", archive(Member(b"a", A, lflags=8))
    yield "local_method_differs", archive(Member(b"a", A, lmethod=8))
    yield "directory_method_differs", archive(Member(b"a", A, DEFLATED, lmethod=0))
    yield "encrypted_locally", archive(Member(b"a", A, lflags=1))
    yield "encrypted", archive(Member(b"a", A, flags=1))
    yield "method_1", archive(Member(b"a", A, 1))
    yield "bad_sum", archive(Member(b"a", A, crc=5), b)
    yield "bzip2", archive(Member(b"a", A, 12, raw=bz2.compress(A)))
    yield "bzip2_two_streams", archive(Member(b"a", both, 12, raw=bz2.compress(A) + bz2.compress(B)))
    yield "bzip2_two_streams_sum_of_first", archive(Member(b"a", both, 12, raw=bz2.compress(A) + bz2.compress(B), crc=zlib.crc32(A)))
    yield "bzip2_junk_behind", archive(Member(b"a", A, 12, raw=bz2.compress(A) + b"junk"))

    def xz(data, eos=True, dictionary=1 << 23):
        raw = lzma.compress(data, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": dictionary}])
        return struct.pack("<BBH", 9, 4, 5) + raw[:5] + raw[13:]

    yield "lzma", archive(Member(b"a", A, 14, raw=xz(A), flags=2), b)
    yield "lzma_marker_not_said", archive(Member(b"a", A, 14, raw=xz(A)), b)
    yield "lzma_junk_behind", archive(Member(b"a", A, 14, raw=xz(A) + b"junk", flags=2), b)
    yield "lzma_two_streams", archive(Member(b"a", both, 14, raw=xz(A) + xz(B), flags=2), b)
    yield "lzma_size_small", archive(Member(b"a", A, 14, raw=xz(A), size=5, crc=zlib.crc32(A[:5]), flags=2), b)
    yield "lzma_size_large", archive(Member(b"a", A, 14, raw=xz(A), size=len(A) + 5, flags=2), b)
    yield "lzma_cut", archive(Member(b"a", A, 14, raw=xz(A)[:-8], flags=2), b)
    yield "lzma_bad_properties", archive(Member(b"a", A, 14, raw=xz(A)[:2] + struct.pack("<H", 9) + xz(A)[4:], flags=2), b)
    yield "lzma_nothing", archive(Member(b"a", A, 14, raw=b"", flags=2), b)
    yield "lzma_empty", archive(Member(b"a", b"", 14, raw=xz(b""), flags=2), b)

    # Extra fields.
    n = len(A)
    escaped = dict(size=2**32 - 1, csize=2**32 - 1, lsize=n, lcsize=n)
    yield "zip64_sizes", archive(Member(b"a", A, extra=z64(n, n), **escaped))
    yield "zip64_sizes_and_offset", archive(b, Member(b"a", A, extra=z64(n, n, len(b.local())), offset=2**32 - 1, **escaped))
    yield "zip64_not_needed", archive(Member(b"a", A, extra=z64(5, 5)))
    yield "zip64_short", archive(Member(b"a", A, extra=z64(n), **escaped))
    yield "zip64_missing", archive(Member(b"a", A, **escaped))
    yield "zip64_twice", archive(Member(b"a", A, extra=z64(n, n) + z64(5, 5), **escaped))
    yield "zip64_twice_escaped", archive(Member(b"a", A, extra=z64(2**32 - 1, n) + z64(n), **escaped))
    yield "zip64_behind_another", archive(Member(b"a", A, extra=struct.pack("<HHH", 0x9999, 2, 1) + z64(n, n), **escaped))
    yield "zip64_behind_zeros", archive(Member(b"a", A, extra=bytes(8) + z64(n, n), **escaped))
    yield "zip64_longer", archive(Member(b"a", A, extra=z64(n, n, 0, 7), **escaped))
    yield "zip64_cut", archive(Member(b"a", A, extra=z64(n, n)[:-4], **escaped))
    yield "zip64_negative", archive(Member(b"a", A, extra=z64(2**64 - 1, n), **escaped))
    yield "extra_cut", archive(Member(b"a", A, extra=struct.pack("<HH", 0x9999, 40) + b"short"))
    yield "extra_three_bytes", archive(Member(b"a", A, extra=b"\1\2\3"))
    yield "extra_cut_locally", archive(Member(b"a", A, lextra=struct.pack("<HH", 0x9999, 40) + b"short"))

    # Where members are.
    hidden = Member(b"b", B).local()
    outer = Member(b"a", b"before " + hidden + b" behind")
    at = len(outer.local()) - len(hidden) - 7
    yield "member_in_member", archive_of_hidden(outer, at)
    yield "two_entries_of_one", archive_twice(a)
    yield "local_header_in_comment", header_in_comment()
    yield "offset_beyond", archive(Member(b"a", A, offset=10**6), b)
    yield "offset_into_data", archive(Member(b"a", A, offset=5), b)
    yield "offset_of_other", archive(Member(b"a", A, offset=len(a.local())), b)
    yield "member_not_listed", Member(b"z", C).local() + archive(a, b, shift=len(Member(b"z", C).local()))
    yield "gap_between", archive(Member(b"a", A, gap=b"a gap"), b)


def archive_of_hidden(outer, at):
    body = outer.local()
    directory = outer.entry(0) + Member(b"b", B).entry(at)
    return body + directory + end(2, len(directory), len(body))


def archive_twice(a):
    body, other = a.local(), Member(b"a", A)
    directory = a.entry(0) + other.entry(0)
    return body + directory + end(2, len(directory), len(body))


def header_in_comment():
    a, hidden = Member(b"a", A), Member(b"b", B)
    body, size = a.local(), len(a.entry(0)) + len(hidden.entry(0))
    directory = a.entry(0) + hidden.entry(len(body) + size + 22)
    return body + directory + end(2, size, len(body), comment=hidden.local())


def verdict(data):
    try:
        z = zipfile.ZipFile(io.BytesIO(data))
    except Exception as e:
        return {"error": type(e).__name__}
    members = []
    for info in z.infolist():
        try:
            content = z.open(info).read().decode("latin-1")
        except Exception:
            content = None
        members.append([info.filename, content])
    return {"members": members}


def main():
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["--verdicts"]:
        folder = sys.argv[2]
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as f:
                print(json.dumps([name, verdict(f.read())]))
        return
    files = list(cases())
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files:
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        judged = {}
        for python in [sys.executable] + sys.argv[1:]:
            version = subprocess.run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=True).stdout.strip()
            out = subprocess.run([python, os.path.abspath(__file__), "--verdicts", folder], capture_output=True, text=True, check=True).stdout
            for line in out.splitlines():
                name, v = json.loads(line)
                judged.setdefault(name, {})[version] = v
    assert len(judged) == len(files)
    for name, data in files:
        verdicts = []
        for version, v in sorted(judged[name].items()):
            for known in verdicts:
                if known["verdict"] == v:
                    known["versions"].append(version)
                    break
            else:
                verdicts.append({"versions": [version], "verdict": v})
        print(json.dumps({"name": name, "archive": base64.b64encode(data).decode(), "verdicts": verdicts}))


if __name__ == "__main__":
    main()
