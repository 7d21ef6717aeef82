package filekind

import (
	"bytes"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for _, c := range []struct{ head, want string }{
		{"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS"},
		{"\x1f\x8b\x08", "gzip"},
		{"\x80\x04\x95\x0a\x00", "pickle"},
		{"\n <!DOCTYPE html><html>404</html>", "HTML"},
		{strings.Repeat("\x00", HeadSize), "zeros"},
		{"\x89HDF\r\n\x1a\n", "HDF5"},
		{"PK\x03\x04", "archive"},
		{"", ""},
		{"\x00\x00\x80\x3f", ""},
		{"anything else", ""},
	} {
		got := Of([]byte(c.head))
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%.20q is %q, not %q", c.head, got, c.want)
		}
	}
	for n := range 64 { // no beginning is too short
		Of(bytes.Repeat([]byte{0x80}, n))
	}
}
