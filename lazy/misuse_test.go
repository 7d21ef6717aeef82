package lazy

import (
	"strings"
	"testing"
)

// TestMisuse gives functions what no program can mean: they say what it was, as an error where they
// have one.
func TestMisuse(t *testing.T) {
	a := must[*Array](t)(FromSlice(make([]float64, 60), 5, 12))
	parts := must[*Parts](t)(NewParts(a, true, NewSum(OverAxes(0))))
	n := parts.NumBlocks()
	for name, misuse := range map[string]func() error{
		"Checksum":      func() error { _, err := parts.Checksum(t.Context(), n, strings.NewReader("")); return err },
		"Checksum -1":   func() error { _, err := parts.Checksum(t.Context(), -1, strings.NewReader("")); return err },
		"no output":     func() error { _, err := parts.Checksum(t.Context(), 0, nil); return err },
		"Merge":         func() error { return parts.Merge(0, n+1, nil) },
		"nothing":       func() error { return parts.Merge(0, 0, nil) },
		"nil as a mask": func() error { _, err := MaskFrom(nil); return err },
	} {
		if err := misuse(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for want, misuse := range map[string]func(){
		"lazy: there is no block -1 of ": func() { parts.Region(-1) },
		"lazy: there is no block ":       func() { parts.Offset(n) },
		"multiple of 0 bytes":            func() { parts.Aligned(0) },
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.Contains(text, want) {
					t.Errorf("%s: %q", want, text)
				}
			}()
			misuse()
		}()
	}
}
