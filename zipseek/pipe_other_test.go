//go:build !unix

package zipseek

import (
	"os"
	"testing"
)

// makePipe makes a folder, which is no index file either.
func makePipe(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}
