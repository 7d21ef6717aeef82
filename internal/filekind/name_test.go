package filekind

import "testing"

func TestName(t *testing.T) {
	for _, c := range []struct{ head, want string }{
		{"\x93NUMPY\x01\x00", Array},
		{"PK\x03\x04", Archive},
		{"\x89PNG\r\n\x1a\n", Picture},
		{"\x89HDF\r\n\x1a\n", "an HDF5 file"},
		{"#!/bin/sh\n", "a program"},
		{"1,2\n", Text},
		{"größe\xc3", Text}, // cut within a character
		{"gr\xf6\xdfe, in another encoding", Unknown},
		{"\x00\x00\x80\x3f", Unknown},
	} {
		if got := Name(c.head); got != c.want {
			t.Errorf("%q is %s, not %s", c.head, got, c.want)
		}
	}
}
