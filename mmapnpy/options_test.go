package mmapnpy

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
)

// TestOptionsThatDoNotApply gives every option to every function. One that would change nothing
// there is an error that names it, and nothing is written.
func TestOptionsThatDoNotApply(t *testing.T) {
	options := map[string]Option{
		"Lenient": Lenient(), "AllowShort": AllowShort(), "Partial": Partial(), "MaxHeaderSize": MaxHeaderSize(1 << 20),
		"LongDouble": LongDouble(X87), "WithBackend": WithBackend("auto"), "WithMode": WithMode(CopyOnWrite),
		"AllowLarge": AllowLarge(), "FortranOrder": FortranOrder(), "WaitFor": WaitFor(t.Context(), 0, nil), "DryRun": DryRun(),
	}
	with := func(more ...string) []string {
		return append(more, "Lenient", "AllowShort", "Partial", "MaxHeaderSize", "LongDouble")
	}
	path := filepath.Join(t.TempDir(), "x.npy")
	row, err := BufferOf([]float64{1, 2, 3}, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := errors.Join(Save(path, row), Write(&b, row)); err != nil {
		t.Fatal(err)
	}
	closed := func(f *File, err error) error {
		if err != nil {
			return err
		}
		return f.Close()
	}
	for name, c := range map[string]struct {
		takes []string
		call  func(Option) error
	}{
		"Open": {with("WithBackend", "WithMode", "AllowLarge"), func(o Option) error { return closed(Open(path, o)) }},
		"ReadHeader": {with(), func(o Option) error {
			_, err := ReadHeader(bytes.NewReader(b.Bytes()), int64(b.Len()), "x.npy", o)
			return err
		}},
		"Create": {[]string{"FortranOrder", "WithBackend", "AllowLarge"}, func(o Option) error {
			return closed(Create(filepath.Join(t.TempDir(), "new.npy"), Float64, []int64{2}, o))
		}},
		"Append": {[]string{"WaitFor"}, func(o Option) error { return Append(path, row, o) }},
		"Recover": {with("WaitFor", "DryRun"), func(o Option) error {
			_, err := Recover(path, o)
			return err
		}},
		"CopyOf": {[]string{"AllowLarge"}, func(o Option) error {
			_, err := CopyOf[float64](row, o)
			return err
		}},
	} {
		takes := map[string]bool{}
		for _, option := range c.takes {
			takes[option] = true
		}
		for option, o := range options {
			if err := c.call(o); takes[option] != (err == nil) || err != nil && !errors.Is(err, ErrOption) {
				t.Errorf("%s with %s: %v", name, option, err)
			}
		}
	}
}
