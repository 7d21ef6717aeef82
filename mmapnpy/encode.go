package mmapnpy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

var errSubarrayHeader = errors.New("an array has no subarray dtype: its dimensions belong into the shape")

// EncodeHeader returns the bytes that NumPy would write before the data: magic, version, and a
// text that ends at a multiple of 64 bytes and leaves room for the axis that grows.
//
// DType, Shape and FortranOrder are written as they are; NumPy itself leaves FortranOrder false
// where both orders are the same. A zero Version chooses as NumPy does: 1.0 if the text is latin-1
// and shorter than 64 KiB, else 2.0 if it is latin-1, else 3.0. Any other is used, or an
// error if it cannot hold the text. DataOffset and Warnings are not used.
func EncodeHeader(h Header) ([]byte, error) {
	text, err := h.text()
	if err != nil {
		return nil, err
	}
	return encodeHeaderText(text, h.Version)
}

// EncodeHeaderAligned is [EncodeHeader] with more blanks, so that the data begin at a multiple of
// align, a multiple of 64. NumPy reads a header of up to 10000 characters ([MaxHeaderSize]), which
// allows an align of 8192 at most.
func EncodeHeaderAligned(h Header, align int) ([]byte, error) {
	if align <= 0 || align%headerAlign != 0 {
		return nil, fmt.Errorf("a header cannot end at a multiple of %d bytes, which is none of %d", align, headerAlign)
	}
	text, err := h.text()
	if err != nil {
		return nil, err
	}
	version, body, err := encodeText(text, h.Version)
	if err != nil {
		return nil, err
	}
	size := prefixSize(version) + paddedSize(body, version)
	size += (align - size%align) % align
	if version[0] == 1 && size-prefixSize(version) > math.MaxUint16 {
		return nil, fmt.Errorf("a header of %d bytes is too long for format 1.0", size)
	}
	return frameHeader(version, body, size), nil
}

// encodeHeaderText is the whole header for a dict, padded as NumPy does.
func encodeHeaderText(text string, version [2]uint8) ([]byte, error) {
	version, body, err := encodeText(text, version)
	if err != nil {
		return nil, err
	}
	return frameHeader(version, body, prefixSize(version)+paddedSize(body, version)), nil
}

// text is the dict of the header, with the blanks that leave room to grow.
func (h Header) text() (string, error) {
	if !h.DType.IsValid() {
		return "", errInvalidDType
	}
	if _, _, sub := h.DType.Subarray(); sub {
		return "", errSubarrayHeader
	}
	if err := checkGeometry(h.Shape, h.DType.size); err != nil {
		return "", fmt.Errorf("shape %s: %w", appendShape(nil, h.Shape), err)
	}
	growing := -1
	if n := len(h.Shape); n > 0 {
		axis := 0
		if h.FortranOrder {
			axis = n - 1
		}
		growing = len(strconv.FormatInt(h.Shape[axis], 10))
	}
	return headerText(h.DType.Descr(), h.FortranOrder, string(appendShape(nil, h.Shape)), growing), nil
}

// headerText is the dict; growing is the number of digits of the axis that grows, negative if
// there is none.
func headerText(descr string, fortran bool, shape string, growing int) string {
	b := make([]byte, 0, len(descr)+len(shape)+96)
	b = append(append(b, "{'descr': "...), descr...)
	if fortran {
		b = append(b, ", 'fortran_order': True, 'shape': "...)
	} else {
		b = append(b, ", 'fortran_order': False, 'shape': "...)
	}
	b = append(append(b, shape...), ", }"...)
	if growing >= 0 {
		for range growthDigits - growing {
			b = append(b, ' ')
		}
	}
	return string(b)
}

// encodeText chooses a version, unless one is asked for, and encodes the text for it.
func encodeText(text string, version [2]uint8) ([2]uint8, []byte, error) {
	latin1, ok := toLatin1(text)
	auto := version == [2]uint8{}
	switch {
	case auto && !ok:
		version = [2]uint8{3, 0}
	case auto && paddedSize(latin1, [2]uint8{1, 0}) > math.MaxUint16:
		version = [2]uint8{2, 0}
	case auto:
		version = [2]uint8{1, 0}
	}
	most := int64(math.MaxUint32)
	body := latin1
	switch version {
	case [2]uint8{1, 0}:
		most = math.MaxUint16
	case [2]uint8{2, 0}:
	case [2]uint8{3, 0}:
		body, ok = []byte(text), true
	default:
		return version, nil, fmt.Errorf("format %d.%d is not known (1.0, 2.0 and 3.0 are)", version[0], version[1])
	}
	switch {
	case !ok:
		return version, nil, fmt.Errorf("format %d.%d holds latin-1 names only", version[0], version[1])
	case int64(paddedSize(body, version)) > most:
		return version, nil, fmt.Errorf("header of %d bytes is too long for format %d.%d", len(body), version[0], version[1])
	}
	return version, body, nil
}

// prefixSize is the size of what precedes the header text.
func prefixSize(version [2]uint8) int {
	if version[0] == 1 {
		return versionEnd + 2
	}
	return versionEnd + 4
}

// paddedSize is the header length that NumPy declares for this text. Where no padding is
// needed, NumPy adds a whole 64 bytes of it.
func paddedSize(body []byte, version [2]uint8) int {
	prefix := prefixSize(version)
	used := prefix + len(body) + 1
	return used + headerAlign - used%headerAlign - prefix
}

// frameHeader puts the prefix before the text, and blanks and a newline after it, so that
// the whole is total bytes long. There must be room.
func frameHeader(version [2]uint8, body []byte, total int) []byte {
	b := make([]byte, 0, total)
	b = append(append(b, magic...), version[0], version[1])
	length := total - prefixSize(version)
	if version[0] == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(length))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(length))
	}
	b = append(b, body...)
	for len(b) < total-1 {
		b = append(b, ' ')
	}
	return append(b, '\n')
}

// toLatin1 encodes s with one byte per character, if that is possible.
func toLatin1(s string) ([]byte, bool) {
	b := make([]byte, 0, utf8.RuneCountInString(s))
	for _, r := range s {
		if r > 0xFF {
			return nil, false
		}
		b = append(b, byte(r))
	}
	return b, true
}
