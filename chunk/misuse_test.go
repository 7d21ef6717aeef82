package chunk

import (
	"math"
	"strings"
	"testing"
)

// TestMisuse asks that what no program can mean panics with a line that says what it was.
func TestMisuse(t *testing.T) {
	for want, misuse := range map[string]func(){
		"step 0":                 func() { AxisSizes(1, 2).Slice(0, 2, 0) },
		"chunk: -1 axes":         func() { Auto().Axes(-1) },
		"chunk: 2147483647 axes": func() { COrder(math.MaxInt32) },
		"chunk: 65537 axes":      func() { FOrder(1<<16 + 1) },
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
