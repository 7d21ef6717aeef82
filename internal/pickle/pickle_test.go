package pickle

import (
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
)

// FuzzRead checks that no pickle makes the reader panic.
func FuzzRead(f *testing.F) {
	table, err := os.ReadFile("testdata/dask_info.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.FieldsSeq(string(table)) {
		p, err := hex.DecodeString(line)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p)
	}
	f.Add([]byte("cos\nsystem\n(S'true'\ntR."))
	f.Add([]byte("((((tttt."))
	f.Fuzz(func(t *testing.T, p []byte) {
		v, err := Read(p)
		if err != nil && v != nil && !errors.Is(err, ErrUnsupported) {
			t.Fatalf("%v, %v", v, err)
		}
	})
}
