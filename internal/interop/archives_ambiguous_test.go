//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/lazynpy/lazynpy/zipseek"
)

const (
	ambiguousTable = "../../testdata/zip/ambiguous.jsonl"

	// mutatedArchives are 30,000 with LAZYNPY_LONG.
	mutatedArchives     = 1500
	mutatedArchivesLong = 30_000
)

// zipfileVerdict is what Python's zipfile makes of an archive: an error, or names and contents.
type zipfileVerdict struct {
	Error string `json:"error"`
	// name; content as Latin-1, or nil where it cannot be read
	Members [][2]*string `json:"members"`
}

// mutatedArchive is a file and what zipfile makes of it.
type mutatedArchive struct {
	file    string
	verdict zipfileVerdict
}

func (j *mutatedArchive) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&j.file, &j.verdict})
}

// TestMutatedArchives changes archives at random. What zipfile reads is read as it reads it, or
// refused: there are never other members, nor other bytes.
func TestMutatedArchives(t *testing.T) {
	count := mutatedArchives
	if os.Getenv("LAZYNPY_LONG") != "" {
		count = mutatedArchivesLong
	}
	dir := t.TempDir()
	table, err := filepath.Abs(ambiguousTable)
	if err != nil {
		t.Fatal(err)
	}
	rows := readLines[mutatedArchive](t, python(t, "mutated_archives.py", strconv.FormatInt(seed(t), 10), strconv.Itoa(count), table, dir))
	if len(rows) != count {
		t.Fatalf("%d archives", len(rows))
	}
	same, refused := 0, 0
	for _, row := range rows {
		path := filepath.Join(dir, row.file)
		read, denied := compareArchive(t, path, row.verdict)
		same, refused = same+read, refused+denied
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("of %d archives: %d members read as zipfile reads them, %d refused", count, same, refused)
	if same < count/2 || refused > same {
		t.Errorf("%d read, %d refused", same, refused)
	}
}

// compareArchive reads an archive and compares it with the verdict. It counts the members that both
// read, and those that are refused here alone.
func compareArchive(t *testing.T, path string, want zipfileVerdict) (read, refused int) {
	t.Helper()
	a, err := zipseek.Open(path)
	if err != nil {
		return 0, len(want.Members)
	}
	defer a.Close()
	if want.Error != "" {
		return 0, 0
	}
	if a.Len() != len(want.Members) {
		t.Errorf("%s: %d members, and %d in zipfile", keep(t, path), a.Len(), len(want.Members))
		return 0, 0
	}
	for i, m := range a.All() {
		name, content := *want.Members[i][0], want.Members[i][1]
		b, err := m.Bytes()
		switch {
		case content == nil:
		case err != nil:
			refused++
		case m.Name != name || string(b) != fromLatin1(*content):
			t.Errorf("%s: member %d is %q: %.50q, and in zipfile %q: %.50q", keep(t, path), i, m.Name, b, name, *content)
		default:
			read++
		}
	}
	return read, refused
}

// keep saves an archive for whoever looks at the failure.
func keep(t *testing.T, path string) string {
	t.Helper()
	kept := filepath.Join(os.TempDir(), "lazynpy-mutated-"+filepath.Base(path))
	if err := os.WriteFile(kept, readFile(t, path), 0o600); err != nil {
		t.Fatal(err)
	}
	return kept
}

func fromLatin1(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}
