package chunk

import (
	"math"
	"strings"
	"testing"
)

func TestParseBytes(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{"100", 100}, {"100 MB", 100e6}, {"100M", 100e6}, {"5kB", 5000}, {"5.4 kB", 5400}, {"1kiB", 1024},
		{"1e6", 1e6}, {"1e6 kB", 1e9}, {"MB", 1e6}, {"123", 123}, {"kiB", 1024}, {"2Ki", 2048}, {"3 gib", 3 << 30},
		{"1TB", 1e12}, {"1T", 1e12}, {"1Ti", 1 << 40}, {"2PB", 2e15}, {"2PiB", 2 << 50}, {"7B", 7}, {".5k", 500},
		{"5.k", 5000}, {"1.9B", 1}, {"1_000k", 1e6}, {"+1k", 1000}, {"1E3b", 1000}, {"  64  MiB ", 64 << 20},
		{"0.1MB", 100000}, {"8191PiB", 8191 << 50},
	} {
		got, err := ParseBytes(c.text)
		if err != nil || got != c.want {
			t.Errorf("ParseBytes(%q) = %d, %v, want %d", c.text, got, err, c.want)
		}
	}
	for text, reason := range map[string]string{
		"5 foos":   `"foos" is not a byte unit`,
		"":         "empty",
		"  ":       "empty",
		"0":        "at least one byte",
		"0.5":      "at least one byte",
		"-5MB":     "at least one byte",
		"8192PiB":  "too large",
		"1e400":    "too large",
		"0x10":     "is not a number",
		"1__0":     "is not a number",
		"1,5 MB":   "is not a number",
		"1e":       "is not a byte unit",
		"5\tMB":    "is not a number",
		"inf":      "is not a byte unit",
		"1EiB":     "is not a byte unit",
		"5 kBit":   "is not a byte unit",
		"1.2.3 MB": "is not a number",
	} {
		_, err := ParseBytes(text)
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("ParseBytes(%q): %v, want %q", text, err, reason)
		}
	}
}

func TestFormatBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 32 << 20: "32 MiB", 1<<20 - 1: "1 MiB",
		1023 << 10: "1023 KiB", 1<<30 + 1<<29 - 1<<25: "1.47 GiB", 100 << 20: "100 MiB", 10<<20 + 300<<10: "10.3 MiB",
		math.MaxInt64: "8 EiB", math.MinInt64: "-8 EiB", -2048: "-2 KiB", 999 << 40: "999 TiB", 3 << 50: "3 PiB",
	} {
		if got := FormatBytes(n); got != want {
			t.Errorf("FormatBytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestFormatBytesExact(t *testing.T) {
	for _, n := range []int64{1, 1000, 1024, 1025, 64 << 20, 100e6, 1 << 50, 1 << 53, 8191 << 50, 1<<20 + 1<<10} {
		text := formatBytesExact(n)
		if got, err := ParseBytes(text); err != nil || got != n {
			t.Errorf("%d is written as %s, which reads as %d, %v", n, text, got, err)
		}
	}
}
