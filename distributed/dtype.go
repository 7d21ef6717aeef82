package distributed

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// dtypeText is a dtype as a plan has it: its name, and for records their fields as the header of a
// .npy file lists them.
func dtypeText(t mmapnpy.DType) string {
	if t.IsStruct() {
		return t.Descr()
	}
	s := t.String()
	if again, err := mmapnpy.ParseDType(s); err == nil && again.Equal(t) {
		return s
	}
	return t.Descr()
}

// readDType reads what dtypeText gives, and nothing else.
func readDType(s string) (mmapnpy.DType, error) {
	t, err := mmapnpy.ParseDType(s)
	if err != nil {
		if t, err = readDescr(s); err != nil {
			return t, fmt.Errorf("dtype: %w", err)
		}
	}
	if again := dtypeText(t); again != s {
		return t, fmt.Errorf("dtype %q is written %q", s, again)
	}
	return t, nil
}

// readDescr reads a dtype from the header of an empty file.
func readDescr(s string) (mmapnpy.DType, error) {
	text := "{'descr': " + s + ", 'fortran_order': False, 'shape': (0,), }\n"
	b := binary.LittleEndian.AppendUint32([]byte("\x93NUMPY\x03\x00"), uint32(len(text)))
	b = append(b, text...)
	h, err := mmapnpy.ReadHeader(bytes.NewReader(b), int64(len(b)), s[:min(len(s), 60)], mmapnpy.MaxHeaderSize(int64(len(b))))
	return h.DType, err
}
