package zipseek

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

const (
	// lzmaHead is what precedes the stream: the version of the encoder <2 byte>, the length of the
	// properties <2 byte>, which is 5, the properties <1 byte>, and the size of the dictionary <4
	// byte>.
	lzmaHead = 9

	// lzmaWindow is the largest dictionary that is accepted; those of Python have 8 MiB, and of
	// 7-Zip up to 256 MiB unless more is asked for. A dictionary is never larger than the content.
	lzmaWindow = 256 << 20
)

// newLZMA decodes the data of a member of the method LZMA. They have no length of their own: they
// end with a marker if a flag says so, and else with the size of the content.
func newLZMA(m *Member, in *bufio.Reader) (io.Reader, error) {
	le := binary.LittleEndian
	var b [lzmaHead]byte
	if _, err := io.ReadFull(in, b[:]); err != nil {
		return nil, err
	}
	if n := le.Uint16(b[2:]); n != lzmaHead-4 {
		return nil, badf("%d bytes of properties, where 5 are meant", n)
	}
	dictionary := min(int64(le.Uint32(b[5:])), max(m.Size, lzma.MinDictCap))
	if dictionary > lzmaWindow {
		return nil, &badZip{msg: "needs a dictionary of " + itoa(dictionary) + " bytes, more than " + itoa(lzmaWindow), kind: ErrMethod}
	}
	// What the package reads is the older format, which has a header of 13 bytes.
	head := le.AppendUint32([]byte{b[4]}, uint32(dictionary))
	if m.Flags&flagLZMAMarker != 0 {
		head = le.AppendUint64(head, 1<<64-1)
	} else {
		head = le.AppendUint64(head, uint64(m.Size))
	}
	return lzma.ReaderConfig{DictCap: lzmaWindow}.NewReader(&headed{head, in})
}

// headed is a reader with some bytes before it.
type headed struct {
	head []byte
	*bufio.Reader
}

func (h *headed) Read(p []byte) (int, error) {
	if len(h.head) == 0 {
		return h.Reader.Read(p)
	}
	n := copy(p, h.head)
	h.head = h.head[n:]
	return n, nil
}

func (h *headed) ReadByte() (byte, error) {
	if len(h.head) == 0 {
		return h.Reader.ReadByte()
	}
	c := h.head[0]
	h.head = h.head[1:]
	return c, nil
}
