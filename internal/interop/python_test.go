//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// seed returns the seed of this run.
func seed(t *testing.T) int64 {
	t.Helper()
	text := os.Getenv("LAZYNPY_SEED")
	if text == "" {
		return 1
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("LAZYNPY_SEED: %v", err)
	}
	return n
}

// python runs a script of testdata and returns what it printed.
func python(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	interpreter := os.Getenv("LAZYNPY_PYTHON")
	if interpreter == "" {
		t.Fatal("LAZYNPY_PYTHON must name a Python with the packages of .ci/requirements.txt")
	}
	cmd := exec.CommandContext(t.Context(), interpreter, append([]string{filepath.Join("testdata", script)}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%s: %v\n%s", script, err, exit.Stderr)
		}
		t.Fatalf("%s: %v", script, err)
	}
	return out
}

// readLines decodes a text of one JSON object per line.
func readLines[T any](t *testing.T, text []byte) []T {
	t.Helper()
	var out []T
	decoder := json.NewDecoder(bufio.NewReader(bytes.NewReader(text)))
	for {
		var v T
		err := decoder.Decode(&v)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("line %d: %v", len(out)+1, err)
		}
		out = append(out, v)
	}
}

// readFile returns the content of a file.
func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
