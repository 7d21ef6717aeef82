package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// The seed of all data: the same files in every run and on every machine.
const seed = 20260731

// fraction is the unit of the float data: multiples of 2^-20 below 1. Sums of up
// to 2^33 of them are exact in float64 whatever the order of addition, so every
// contender must give the very same number.
const fraction = 1.0 / (1 << 20)

// island and islandEvery shape the sparse file: a stretch of numbers in every
// stretch of hole, so that its sum is not trivial.
const (
	island      = 1 << 20
	islandEvery = 64 << 20
)

// create starts an .npy file and writes its header.
func create(path string, dtype mmapnpy.DType, shape []int64) (*os.File, int64, error) {
	header, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: dtype, Shape: shape})
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, 0, err
	}
	if _, err := f.Write(header); err != nil {
		return nil, 0, closeAfter(f, err)
	}
	return f, int64(len(header)), nil
}

// closeAfter closes f on the way out with an error.
func closeAfter(f *os.File, err error) error {
	if cerr := f.Close(); err == nil {
		return cerr
	}
	return err
}

// finish syncs, so that later the disk is not busy with our own writes and the
// pages can be dropped.
func finish(f *os.File) error { return closeAfter(f, f.Sync()) }

// writePiece is what goes to the file at once. All pieces but the first, which is
// shorter by the header, begin at multiples of it in the file, so that the page cache
// holds the file in pieces as large as after np.save, which writes an array in one go.
const writePiece = 4 << 20

// writer buffers what follows a header.
func writer(f *os.File, header int64) *pieceWriter {
	return &pieceWriter{f: f, buf: make([]byte, 0, writePiece), room: int(writePiece - header)}
}

// pieceWriter is a buffered writer whose first piece has another length.
type pieceWriter struct {
	f    *os.File
	buf  []byte
	room int // of the present piece
}

func (w *pieceWriter) Write(p []byte) (int, error) {
	if len(w.buf)+len(p) > w.room {
		if err := w.Flush(); err != nil {
			return 0, err
		}
		w.room = writePiece
	}
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// Flush writes what is buffered.
func (w *pieceWriter) Flush() error {
	_, err := w.f.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// writeFloats writes a float64 array of n elements and returns its exact sum.
func writeFloats(path string, n int64) (json.Number, error) {
	f, offset, err := create(path, mmapnpy.Float64.WithByteOrder('<'), []int64{n})
	if err != nil {
		return "", err
	}
	sum, err := fillFloats(writer(f, offset), n, rand.NewPCG(seed, 1))
	if err != nil {
		return "", closeAfter(f, err)
	}
	return sumText(sum), finish(f)
}

// fillFloats writes n random numbers and returns their sum in units of fraction.
func fillFloats(w *pieceWriter, n int64, random *rand.PCG) (uint64, error) {
	var sum uint64
	var raw [8]byte
	var bits uint64
	for i := range n {
		if i%3 == 0 {
			bits = random.Uint64()
		}
		k := bits & (1<<20 - 1)
		bits >>= 20
		sum += k
		binary.LittleEndian.PutUint64(raw[:], math.Float64bits(float64(k)*fraction))
		if _, err := w.Write(raw[:]); err != nil {
			return 0, err
		}
	}
	return sum, w.Flush()
}

func sumText(sum uint64) json.Number {
	text, err := json.Marshal(float64(sum) * fraction)
	if err != nil {
		panic(err) // a finite float64 always has a JSON form
	}
	return json.Number(text)
}

// writeScan writes a uint16 scan of four dimensions with 12-bit counts.
func writeScan(path string, shape []int64) error {
	f, offset, err := create(path, mmapnpy.Uint16.WithByteOrder('<'), shape)
	if err != nil {
		return err
	}
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	random := rand.NewPCG(seed, 2)
	w := writer(f, offset)
	var raw [2]byte
	var bits uint64
	for i := range n {
		if i%5 == 0 {
			bits = random.Uint64()
		}
		binary.LittleEndian.PutUint16(raw[:], uint16(bits&0xfff))
		bits >>= 12
		if _, err := w.Write(raw[:]); err != nil {
			return closeAfter(f, err)
		}
	}
	if err := w.Flush(); err != nil {
		return closeAfter(f, err)
	}
	return finish(f)
}

// writeHole writes an array that is one hole: a header and nothing.
func writeHole(path string, dtype mmapnpy.DType, shape []int64) error {
	f, offset, err := create(path, dtype, shape)
	if err != nil {
		return err
	}
	size := dtype.ItemSize()
	for _, d := range shape {
		size *= d
	}
	return closeAfter(f, f.Truncate(offset+size))
}

// writeSparse writes a float64 array of n elements that is a hole with islands
// of numbers in it, and returns its exact sum.
func writeSparse(path string, n int64) (json.Number, error) {
	f, offset, err := create(path, mmapnpy.Float64.WithByteOrder('<'), []int64{n})
	if err != nil {
		return "", err
	}
	if err := f.Truncate(offset + 8*n); err != nil {
		return "", closeAfter(f, err)
	}
	random := rand.NewPCG(seed, 3)
	var total uint64
	for at := int64(0); at < 8*n; at += islandEvery {
		if _, err := f.Seek(offset+at, io.SeekStart); err != nil {
			return "", closeAfter(f, err)
		}
		sum, err := fillFloats(writer(f, 0), min(island, 8*n-at)/8, random)
		if err != nil {
			return "", closeAfter(f, err)
		}
		total += sum
	}
	if err := warm(f); err != nil {
		return "", closeAfter(f, err)
	}
	return sumText(total), finish(f)
}

// warm reads the file through, so that its holes are in the page cache too and
// the first contender does not fill it for the others.
func warm(f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	buf := make([]byte, 4<<20)
	for {
		if _, err := f.Read(buf); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// sizeText is a size in words.
func sizeText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.3g GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.3g MiB", float64(n)/(1<<20))
	default:
		return fmt.Sprintf("%.3g KiB", float64(n)/(1<<10))
	}
}
