//go:build unix

package zipseek

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// TestSidecarOfOthers does not use an index file that others may have written than the archive.
func TestSidecarOfOthers(t *testing.T) {
	path, _ := withSidecar(t)
	check := func(what string, want string) {
		t.Helper()
		a := mustOpen(t, path)
		if got := origin(t, mustLookup(t, a, "rounded")); got != want {
			t.Errorf("%s: index is %s, want %s", what, got, want)
		}
		if err := a.CheckSidecar(); (err != nil) != (want != "sidecar") {
			t.Errorf("%s: CheckSidecar: %v", what, err)
		}
	}
	for _, tt := range []struct {
		archive, index os.FileMode
		want           string
	}{
		{0o644, 0o600, "sidecar"}, {0o644, 0o644, "sidecar"}, {0o600, 0o644, "sidecar"}, {0o664, 0o664, "sidecar"}, {0o666, 0o666, "sidecar"},
		{0o644, 0o664, "checkpoints"}, {0o644, 0o666, "checkpoints"}, {0o664, 0o666, "checkpoints"}, {0o400, 0o622, "checkpoints"},
	} {
		if err := os.Chmod(path, tt.archive); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path+IndexSuffix, tt.index); err != nil {
			t.Fatal(err)
		}
		check(fmt.Sprintf("%o, %o", tt.archive, tt.index), tt.want)
	}
	if os.Geteuid() != 0 {
		return // only root can make files of others
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.Chmod(path+IndexSuffix, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path+IndexSuffix, 12345, -1); err != nil {
		t.Fatal(err)
	}
	check("index of another", "checkpoints")
	if err := os.Chown(path, 12345, -1); err != nil { // who may write to the archive as well
		t.Fatal(err)
	}
	check("both of another", "sidecar")
}
