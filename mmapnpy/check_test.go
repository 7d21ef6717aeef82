package mmapnpy_test

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// arrayBytes is a file of a dtype, with these bytes behind its header.
func arrayBytes(t *testing.T, dtype string, fortran bool, data string, shape ...int64) string {
	t.Helper()
	d, err := mmapnpy.ParseDType(dtype)
	if err != nil {
		t.Fatal(err)
	}
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: d, Shape: shape, FortranOrder: fortran})
	if err != nil {
		t.Fatal(err)
	}
	return string(head) + data
}

// TestCheck finds what is wrong with an array, by what it reads itself and by elements that it is
// given.
func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"sound", arrayBytes(t, "f8", false, strings.Repeat("\xff", 16), 2), ""},
		{"boolean", arrayBytes(t, "bool", true, "\x00\x01\x02\x03", 2, 2), "error 130 data: boolean is the byte 2 (2 such in all)"},
		{"code point", arrayBytes(t, "<U1", false, "a\x00\x00\x00\x00\x00\x11\x00", 2), "error 132 data: code point U+110000 is beyond Unicode (1 such in all)"},
		{"behind", arrayBytes(t, "u1", false, "\x01\x02\x93NUMPY", 2), "error 130 data: 6 bytes follow the data, another array among them"},
		{"cut off", arrayBytes(t, "u1", false, "\x01", 2), "warning -1 header: it can be read with --partial"},
		{"no array", "PK\x03\x04" + strings.Repeat("x", 100), "error 0 magic: "},
	} {
		for _, given := range []bool{false, true} {
			var elements func() (iter.Seq2[[]byte, error], error)
			if given {
				elements = func() (iter.Seq2[[]byte, error], error) {
					return func(yield func([]byte, error) bool) { yield([]byte(c.file[128:]), nil) }, nil
				}
			}
			found, err := mmapnpy.Check(strings.NewReader(c.file), int64(len(c.file)), c.name, elements)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			var told []string
			for _, f := range found {
				level := "error"
				if f.Warning {
					level = "warning"
				}
				told = append(told, fmt.Sprintf("%s %d %s: %s", level, f.Offset, f.Field, f.Message))
			}
			if got := strings.Join(told, "\n"); !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	}
}

// failing reads no further than a header.
type failing struct{ io.ReaderAt }

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at >= 128 {
		return 0, errBroken
	}
	return f.ReaderAt.ReadAt(b, at)
}

var errBroken = errors.New("broken disk")

// TestCheckUnreadable is no finding.
func TestCheckUnreadable(t *testing.T) {
	file := arrayBytes(t, "bool", false, "\x01\x01", 2)
	found, err := mmapnpy.Check(failing{strings.NewReader(file)}, int64(len(file)), "a.npy", nil)
	if !errors.Is(err, errBroken) || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}
