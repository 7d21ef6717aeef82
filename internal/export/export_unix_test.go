//go:build unix

package export

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestTruncatedWhileRead cuts a file while its pieces are looked at, which must be an
// error and not the end of the process.
func TestTruncatedWhileRead(t *testing.T) {
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: mmapnpy.Float64, Shape: []int64{2 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(s Stream, w io.Writer) error{
		"raw":  Stream.WriteRaw,
		"csv":  Stream.writeCSV,
		"json": func(s Stream, w io.Writer) error { return s.WriteJSON(w, "") },
	} {
		path := filepath.Join(t.TempDir(), "array.npy")
		if err := os.WriteFile(path, append(head, make([]byte, 16<<20)...), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := lazy.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		cut := func(p []byte) (int, error) {
			if err := os.Truncate(path, 1<<20); err != nil {
				t.Fatal(err)
			}
			return len(p), nil
		}
		err = write(Array(t.Context(), path, a), writerFunc(cut))
		if fault := (*lazy.FaultError)(nil); !errors.As(err, &fault) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
