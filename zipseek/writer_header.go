package zipseek

import (
	"encoding/binary"
	"unicode/utf8"
)

// What is the same in every header that is written: nothing in an archive depends on when, where or
// by whom it was
// made.
const (
	versionPlain = 20 // needed to extract: deflate
	versionZip64 = 45

	creatorUnix  = 3           // gives the upper half of the attributes its meaning
	externalMode = 0o600 << 16 // as Python's zipfile sets it
	dosDate      = 1<<5 | 1    // 1980-01-01, at 00:00

	zip64Local = 20 // bytes of the zip64 extra field with both sizes
	alignLeast = 6  // bytes of the extra field that aligns, without zeros
)

// An entry is what the archive's headers tell of one member.
type entry struct {
	name   string
	method Method
	size   int64
	packed int64  // bytes in the archive
	crc    uint32 // of the bytes that size counts
	header int64  // where the local header begins in the file
	zip64  bool   // the local header has room for 64-bit sizes
	align  int    // of the data; 1 does without padding

	// What a copy of a member takes over.
	date, time uint16 // as MS-DOS wrote them
	bits       uint16 // flags that belong to the data
}

// flags says how the name is encoded if it has to be said.
func (e *entry) flags() uint16 {
	for i := range len(e.name) {
		if e.name[i] >= utf8.RuneSelf {
			return flagUTF8 | e.bits
		}
	}
	return e.bits
}

// version is that of the specification which a reader must know.
func (e *entry) version(zip64 bool) uint16 {
	switch {
	case e.method == BZip2:
		return 46
	case e.method > BZip2:
		return 63
	case zip64:
		return versionZip64
	}
	return versionPlain
}

// local encodes the local header. Its length does not depend on packed and crc, so that it can be
// written again when these are known.
func (e *entry) local() []byte {
	le := binary.LittleEndian
	packed, size, extra := uint32(e.packed), uint32(e.size), 0
	if e.zip64 {
		packed, size, extra = escape32, escape32, zip64Local
	}
	padding := e.padding(localSize + len(e.name) + extra)
	b := make([]byte, 0, localSize+len(e.name)+extra+padding)
	b = le.AppendUint32(b, localSignature)
	b = e.appendCommon(b, e.zip64)
	b = le.AppendUint32(b, packed)
	b = le.AppendUint32(b, size)
	b = le.AppendUint16(b, uint16(len(e.name)))
	b = le.AppendUint16(b, uint16(extra+padding))
	b = append(b, e.name...)
	if e.zip64 {
		b = le.AppendUint16(b, extraZip64)
		b = le.AppendUint16(b, zip64Local-4)
		b = le.AppendUint64(b, uint64(e.size))
		b = le.AppendUint64(b, uint64(e.packed))
	}
	if padding > 0 {
		b = le.AppendUint16(b, extraAlign)
		b = le.AppendUint16(b, uint16(padding-4))
		b = le.AppendUint16(b, uint16(e.align))
		b = append(b, make([]byte, padding-alignLeast)...)
	}
	return b
}

// padding is the length of the extra field that aligns the data, if the header has n bytes
// without it.
func (e *entry) padding(n int) int {
	padding := int(-(e.header + int64(n)) & int64(e.align-1))
	for padding != 0 && padding < alignLeast {
		padding += e.align
	}
	return padding
}

// appendCommon appends what the local header and the directory entry have in common before the
// sizes.
func (e *entry) appendCommon(b []byte, zip64 bool) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, e.version(zip64))
	b = le.AppendUint16(b, e.flags())
	b = le.AppendUint16(b, uint16(e.method))
	b = le.AppendUint16(b, e.time)
	b = le.AppendUint16(b, e.date)
	return le.AppendUint32(b, e.crc)
}

// appendDirectory appends the entry of the central directory; offsets count from base. The extra
// field holds the numbers that are too large for their places, and only those.
func (e *entry) appendDirectory(b []byte, base int64) []byte {
	le := binary.LittleEndian
	var extra []byte
	short := func(v int64) uint32 {
		if v < escape32 {
			return uint32(v)
		}
		extra = le.AppendUint64(extra, uint64(v))
		return escape32
	}
	size, packed, offset := short(e.size), short(e.packed), short(e.header-base)
	zip64 := len(extra) > 0
	if zip64 {
		extra = append(le.AppendUint16(le.AppendUint16(nil, extraZip64), uint16(len(extra))), extra...)
	}
	b = le.AppendUint32(b, directorySignature)
	b = le.AppendUint16(b, creatorUnix<<8|e.version(zip64))
	b = e.appendCommon(b, zip64)
	b = le.AppendUint32(b, packed)
	b = le.AppendUint32(b, size)
	b = le.AppendUint16(b, uint16(len(e.name)))
	b = le.AppendUint16(b, uint16(len(extra)))
	b = le.AppendUint16(b, 0) // comment
	b = le.AppendUint16(b, 0) // disk
	b = le.AppendUint16(b, 0) // internal attributes
	b = le.AppendUint32(b, externalMode)
	b = le.AppendUint32(b, offset)
	b = append(b, e.name...)
	return append(b, extra...)
}

// endRecords encodes what ends an archive whose directory has count entries in size bytes from
// offset on; offsets count from base.
func endRecords(count, size, offset, base int64, comment string) []byte {
	le := binary.LittleEndian
	var b []byte
	if count >= escape16 || size >= escape32 || offset-base >= escape32 {
		b = le.AppendUint32(b, end64Signature)
		b = le.AppendUint64(b, end64Size-12) // of what follows
		b = le.AppendUint16(b, creatorUnix<<8|versionZip64)
		b = le.AppendUint16(b, versionZip64)
		b = le.AppendUint32(b, 0) // disk
		b = le.AppendUint32(b, 0) // disk of the directory
		b = le.AppendUint64(b, uint64(count))
		b = le.AppendUint64(b, uint64(count))
		b = le.AppendUint64(b, uint64(size))
		b = le.AppendUint64(b, uint64(offset-base))

		b = le.AppendUint32(b, locatorSignature)
		b = le.AppendUint32(b, 0) // disk
		b = le.AppendUint64(b, uint64(offset+size-base))
		b = le.AppendUint32(b, 1) // disks
	}
	b = le.AppendUint32(b, endSignature)
	b = le.AppendUint16(b, 0) // disk
	b = le.AppendUint16(b, 0) // disk of the directory
	b = le.AppendUint16(b, uint16(min(count, escape16)))
	b = le.AppendUint16(b, uint16(min(count, escape16)))
	b = le.AppendUint32(b, uint32(min(size, escape32)))
	b = le.AppendUint32(b, uint32(min(offset-base, escape32)))
	b = le.AppendUint16(b, uint16(len(comment)))
	return append(b, comment...)
}
