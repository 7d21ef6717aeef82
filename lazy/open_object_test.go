package lazy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestObjectsNameTheFileOnce: the line about Python objects says where they are, and that once.
func TestObjectsNameTheFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "o.npy")
	header := "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
	header += strings.Repeat(" ", 128-10-1-len(header)) + "\n"
	if err := os.WriteFile(path, []byte("\x93NUMPY\x01\x00\x76\x00"+header+"\x80\x03N."), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := lazy.Open(path)
	if !errors.Is(err, mmapnpy.ErrObject) || strings.Count(err.Error(), "descr") != 1 || strings.Count(err.Error(), path) != 1 {
		t.Errorf("%v", err)
	}
}
