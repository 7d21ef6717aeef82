//go:build unix

package main

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

// TestTruncatedWhileRead cuts a file while its pieces are looked at, which must be an
// error and not the end of the process.
func TestTruncatedWhileRead(t *testing.T) {
	for name, write := range map[string]func(s stream, w io.Writer) error{
		"raw":  stream.writeRaw,
		"csv":  stream.writeCSV,
		"json": func(s stream, w io.Writer) error { return s.writeJSON(w, "") },
	} {
		path := array(t, []int64{2 << 20}, count[float64](2<<20))
		a, err := lazy.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		c := &cli{stderr: io.Discard}
		h := sha256.New()
		cut := func(p []byte) (int, error) {
			if err := os.Truncate(path, 1<<20); err != nil {
				t.Fatal(err)
			}
			return h.Write(p)
		}
		err = write(c.arrayStream(t.Context(), a, "read"), writerFunc(cut))
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
