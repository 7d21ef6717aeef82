package mmapnpy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lazynpy/lazynpy/internal/filekind"
)

// Every .npy file starts with
//
//	offset size
//	0      6    93 4E 55 4D 50 59 ("\x93NUMPY")
//	6      1    major version
//	7      1    minor version
//	8      2|4  length of the header text, little-endian: 2 bytes in version 1, 4 in 2 and 3
//	10|12  n    header text: a Python dict, latin-1 in versions 1 and 2, UTF-8 in 3
//
// and the data follow directly.
const (
	magic      = "\x93NUMPY"
	versionEnd = len(magic) + 2

	// firstRead is how much is read at once. It holds nearly every header.
	firstRead = 512
)

// A Header is what a .npy file says about its array.
type Header struct {
	// Version of the format: 1.0, 2.0 or 3.0. For EncodeHeader, zero lets it choose.
	Version [2]uint8

	// DType of one element, never a subarray: its dimensions are at the end of Shape, as
	// numpy.lib.format.open_memmap has them.
	DType DType

	// Shape of the array; empty for a single element. At most 64 dimensions.
	Shape []int64

	// FortranOrder says that the first index varies fastest in the file.
	FortranOrder bool

	// DataOffset is where the elements start, in bytes from the start of the file. It need
	// not be aligned.
	DataOffset int64

	// Warnings are one-line notes on what NumPy warns of, or refuses unless [Lenient] is used.
	Warnings []string

	name string // of the file, for errors
}

// Len is the number of elements.
func (h Header) Len() int64 {
	n := int64(1)
	for _, d := range h.Shape {
		n *= d
	}
	return n
}

// NBytes is the size of the data in bytes.
func (h Header) NBytes() int64 { return h.Len() * h.DType.size }

// Strides are the distances in bytes between neighbours along each axis, in the order in
// which the file stores them. An axis of length 0 counts as one of length 1.
func (h Header) Strides() []int64 {
	strides := make([]int64, len(h.Shape))
	step := h.DType.size
	for k := range h.Shape {
		axis := len(h.Shape) - 1 - k
		if h.FortranOrder {
			axis = k
		}
		strides[axis] = step
		step *= max(h.Shape[axis], 1)
	}
	return strides
}

// CheckReadable returns an error that wraps [ErrObject] if there are Python objects among the
// elements.
func (h Header) CheckReadable() error {
	if h.DType.HasObject() {
		return &FormatError{Path: h.name, Offset: -1, Field: "descr", Err: ErrObject}
	}
	return nil
}

// ReadHeader reads the header at the start of r, which has size bytes and is called name in
// errors. Options are [Lenient], [AllowShort], [Partial], [MaxHeaderSize] and [LongDouble].
//
// It accepts what NumPy's np.load does, except for what docs/format.md lists, and it checks
// that the data end within size. Nothing is allocated by a length that was not checked against
// size before. Arrays of Python objects have a header as any other; see [Header.CheckReadable].
// Errors about the content are of type *[FormatError] and match [ErrFormat].
func ReadHeader(r io.ReaderAt, size int64, name string, opts ...Option) (Header, error) {
	c, err := newConfig("ReadHeader", aboutHeaders, opts)
	if err != nil {
		return Header{}, err
	}
	return readHeader(r, size, name, c)
}

func readHeader(r io.ReaderAt, size int64, name string, c config) (Header, error) {
	size = max(size, 0)
	h := Header{name: name}
	text, err := h.readText(r, size, c)
	if err == nil {
		err = h.parse(text, c)
	}
	if err != nil {
		return Header{}, asFormatError(name, h.DataOffset-int64(len(text)), err)
	}
	if err := h.checkSize(size, c); err != nil {
		return Header{}, err
	}
	return h, nil
}

// readText reads up to the data and returns the header text.
func (h *Header) readText(r io.ReaderAt, size int64, c config) (string, error) {
	prefix := make([]byte, min(size, firstRead))
	if n, err := r.ReadAt(prefix, 0); n < len(prefix) {
		return "", shrunk(n, err)
	}
	start, n, err := h.readPrefix(prefix, size, c)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.Grow(n)
	b.Write(prefix[start:min(start+n, len(prefix))])
	if rest := int64(n - b.Len()); rest > 0 {
		section := io.NewSectionReader(r, int64(start+b.Len()), rest)
		if _, err := io.CopyN(&b, section, rest); err != nil {
			return "", shrunk(start+b.Len(), err)
		}
	}
	h.DataOffset = int64(start + n)
	return b.String(), nil
}

// shrunk is the error of a read that ended at pos, although the file should go on.
func shrunk(pos int, err error) error {
	if errors.Is(err, io.EOF) {
		return short(pos, "header", "the file is shorter than it was")
	}
	return err
}

// readPrefix reads what comes before the header text: it returns where the text starts and
// how long it is.
func (h *Header) readPrefix(b []byte, size int64, c config) (start, n int, err error) {
	if size == 0 {
		return 0, 0, short(0, "magic", "the file is empty")
	}
	if m := min(len(b), len(magic)); string(b[:m]) != magic[:m] {
		msg := "not a .npy file"
		if kind := filekind.Of(b[:min(len(b), filekind.HeadSize)]); kind != "" {
			msg += ", but " + kind
		}
		return 0, 0, inField("magic", &located{pos: 0, err: &badFormat{msg: msg}})
	}
	if len(b) < versionEnd {
		return 0, 0, short(len(b), "version", "the file ends inside the magic")
	}
	h.Version = [2]uint8{b[6], b[7]}
	lengthSize := 4
	switch h.Version {
	case [2]uint8{1, 0}:
		lengthSize = 2
	case [2]uint8{2, 0}, [2]uint8{3, 0}:
	default:
		return 0, 0, inField("version", errorAt(len(magic), "format %d.%d is not known (1.0, 2.0 and 3.0 are)", b[6], b[7]))
	}
	start = versionEnd + lengthSize
	if len(b) < start {
		return 0, 0, short(versionEnd, "header length", "the file ends inside it")
	}
	length := int64(binary.LittleEndian.Uint16(b[versionEnd:]))
	if lengthSize == 4 {
		length = int64(binary.LittleEndian.Uint32(b[versionEnd:]))
	}
	if length > size-int64(start) {
		return 0, 0, short(versionEnd, "header length", "the file ends inside the header text")
	}
	if length > c.maxHeader {
		return 0, 0, inField("header length", errorAt(versionEnd,
			"header text of %d bytes is above the limit of %d (see MaxHeaderSize)", length, c.maxHeader))
	}
	return start, int(length), nil
}

// short is an error about a file that ends too early. Positions in a file are written as those in
// a header text that starts with the file.
func short(pos int, field, msg string) error {
	return &located{pos: pos, field: field, err: &badFormat{msg: msg, eof: true}}
}

// parse reads the header text.
func (h *Header) parse(text string, c config) error {
	d := dialect{latin1: h.Version[0] < 3, longs: h.Version[0] < 3, lenient: c.lenient}
	if c.lenient {
		if trimmed := strings.TrimRight(text, "\x00 \t\r\n"); strings.IndexByte(text[len(trimmed):], 0) >= 0 {
			h.warn("the header is padded with NUL characters")
			text = trimmed
		}
	}
	if !d.latin1 && !utf8.ValidString(text) {
		return inField("header", errorAt(-1, "version 3 header is not UTF-8"))
	}
	p := newParser(text, d, c.parseBudget(len(text)))
	if err := p.parse(); err != nil {
		return inField("header", err)
	}
	if p.sawLong {
		h.warn("the header was written by Python 2: its integers end in L")
	}
	if p.sawNumPy {
		h.warn("the header holds the repr of NumPy scalars")
	}
	if p.sawIndent {
		h.warn("the header ends with blanks after a carriage return")
	}
	return h.readDict(p, c)
}

// warn takes a note, once.
func (h *Header) warn(note string) {
	if !slices.Contains(h.Warnings, note) {
		h.Warnings = append(h.Warnings, note)
	}
}

// readDict reads the three entries of the header.
func (h *Header) readDict(p *parser, c config) error {
	descr, order, shape, err := h.entries(p, c)
	if err != nil {
		return inField("header", err)
	}
	if err := h.readShape(p, c, shape); err != nil {
		return inField("shape", err)
	}
	if order >= 0 {
		switch k := p.nodes[order]; k.kind {
		case nodeTrue:
			h.FortranOrder = true
		case nodeFalse:
		default:
			return inField("fortran_order", errorAt(int(k.pos), "%v is not a bool", k.kind))
		}
	}
	b := &dtypeParser{longDouble: c.longDouble, extensions: c.lenient, foreign: c.lenient}
	if h.DType, err = p.readDType(b, descr); err != nil {
		return inField("descr", err)
	}
	for _, note := range b.notes {
		h.warn(note)
	}
	base, dims := h.DType.Elements()
	h.DType = base
	// A subarray of one element adds nothing: np.load reads elements, and gives them the header's
	// shape.
	if slices.ContainsFunc(dims, func(n int64) bool { return n != 1 }) {
		h.Shape = append(h.Shape, dims...)
	}
	if err := checkGeometry(h.Shape, h.DType.size); err != nil {
		return inField("shape", &located{pos: int(p.nodes[shape].pos), err: err})
	}
	return nil
}

// entries finds the values of the three keys. If a key comes twice, the last one counts, as in
// Python.
func (h *Header) entries(p *parser, c config) (descr, order, shape int, err error) {
	dict := p.resolve(0)
	if k := p.nodes[dict]; k.kind != nodeDict {
		return 0, 0, 0, errorAt(int(k.pos), "%v where a dict should be", k.kind)
	}
	descr, order, shape = -1, -1, -1
	for k := dict + 1; k < p.next(dict); {
		key := p.resolve(k)
		value := p.next(k)
		k = p.next(value)
		name := ""
		if p.nodes[key].kind == nodeStr {
			if name, err = p.strValue(key); err != nil {
				return 0, 0, 0, err
			}
		}
		switch value = p.resolve(value); {
		case p.nodes[key].kind == nodeStr && name == "descr":
			descr = value
		case p.nodes[key].kind == nodeStr && name == "fortran_order":
			order = value
		case p.nodes[key].kind == nodeStr && name == "shape":
			shape = value
		case c.lenient:
			h.warn("the header has a key that NumPy does not know")
		default:
			return 0, 0, 0, errorAt(int(p.nodes[key].pos), "key is not 'descr', 'fortran_order' or 'shape'")
		}
	}
	for _, e := range []struct {
		name  string
		value int
	}{{"descr", descr}, {"fortran_order", order}, {"shape", shape}} {
		switch {
		case e.value >= 0:
		case e.name == "fortran_order" && c.lenient:
			h.warn("the header has no fortran_order: taken as False")
		default:
			return 0, 0, 0, errorAt(int(p.nodes[dict].pos), "key '%s' is missing", e.name)
		}
	}
	return descr, order, shape, nil
}

func (h *Header) readShape(p *parser, c config, i int) (err error) {
	n := p.nodes[i]
	switch {
	case n.kind == nodeTuple:
	case c.lenient && n.kind == nodeList:
		h.warn("the shape is a list")
	case c.lenient && (n.kind == nodeInt || n.kind == nodeTrue || n.kind == nodeFalse):
		v, ok := p.dimension(i)
		if !ok || v < 0 {
			return errorAt(int(n.pos), "dimension is negative or does not fit 64 bits")
		}
		h.warn("the shape is a number, not a tuple")
		h.Shape = []int64{v}
		return nil
	default:
		return errorAt(int(n.pos), "%v is not a tuple", n.kind)
	}
	h.Shape, err = p.readDims(i, maxDims)
	return err
}

// checkGeometry makes sure that no product of sizes overflows 64 bits, not even one that is
// hidden because another dimension is 0.
func checkGeometry(shape []int64, itemSize int64) error {
	if len(shape) > maxDims {
		return errTooManyDims
	}
	total := uint64(1)
	for _, n := range append([]int64{max(itemSize, 1)}, shape...) {
		if n < 0 {
			return errNegativeDim
		}
		hi, lo := bits.Mul64(total, uint64(max(n, 1)))
		if hi != 0 || lo > math.MaxInt64 {
			return errTooLarge
		}
		total = lo
	}
	return nil
}

var errTooLarge = &badFormat{msg: "size of the array does not fit 64 bits"}

// checkSize compares the end of the data with the size of the file. The data of objects are a
// pickle of any length.
func (h *Header) checkSize(size int64, c config) error {
	n := h.NBytes()
	switch {
	case c.allowShort || h.DType.HasObject():
	case n > math.MaxInt64-h.DataOffset:
		return &FormatError{Path: h.name, Offset: -1, Field: "shape", Err: errTooLarge}
	case h.DataOffset+n > size && c.partial:
		return h.cutTo(size)
	case h.DataOffset+n > size:
		return h.shortData(n, size)
	}
	return nil
}

// cutTo makes the header that of the whole items that a file of this size has.
func (h *Header) cutTo(size int64) error {
	mended, _, err := h.mend(size)
	if err != nil {
		return err
	}
	note := fmt.Sprintf("the file ends early: shape %s is read as %s", appendShape(nil, h.Shape), appendShape(nil, mended.Shape))
	h.Shape = mended.Shape
	h.warn(note)
	return nil
}

//go:noinline
func (h *Header) shortData(n, size int64) error {
	msg := fmt.Sprintf("the file ends after %d of %d bytes of data", size-h.DataOffset, n)
	return &FormatError{Path: h.name, Offset: size, Field: "data", Err: &badFormat{msg: msg, eof: true}}
}
