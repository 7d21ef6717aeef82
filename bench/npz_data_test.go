package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Files of the cache are used again only if the note beside them is of this version and all of them
// are there.
func TestCachedNPZ(t *testing.T) {
	dir := t.TempDir()
	note, err := json.Marshal(npzNote{"version 1", npzData{Bytes: 5, CRC: "4294967295"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cachedNPZ(dir, "version 1", nil); err == nil {
		t.Error("no error for an empty folder")
	}
	for file, content := range map[string][]byte{"note.json": note, "x.npy": []byte("12345")} {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := cachedNPZ(dir, "version 1", []string{"x.npy"})
	if err != nil || data.Bytes != 5 || data.CRC != "4294967295" {
		t.Errorf("read %+v, %v", data, err)
	}
	if _, err := cachedNPZ(dir, "version 2", []string{"x.npy"}); err == nil {
		t.Error("no error for files of another version")
	}
	if _, err := cachedNPZ(dir, "version 1", []string{"y.npy"}); err == nil {
		t.Error("no error for a missing file")
	}
}
