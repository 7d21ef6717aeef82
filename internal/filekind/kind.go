// Package filekind names what a file is that was taken for an array, by how it begins. People give
// the names of arrays to downloads that failed, to pointers of Git LFS and to what other programs
// have packed; a message that says so saves them the search.
package filekind

import (
	"bytes"
	"strings"
)

// HeadSize is how many bytes of a file [Of] looks at.
const HeadSize = 512

// signatures are what files begin with. Those of text are compared without regard to case, behind
// blanks.
var signatures = []struct{ begins, kind string }{
	{"\x93NUMPY", "a .npy file"},
	{"PK\x03\x04", "a .zip or .npz archive"},
	{"PK\x05\x06", "an empty .zip or .npz archive"},
	{"\x1f\x8b", "compressed with gzip: unpack it first"},
	{"BZh", "compressed with bzip2: unpack it first"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"},
	{"\xfd7zXZ\x00", "compressed with xz: unpack it first"},
	{"7z\xbc\xaf\x27\x1c", "a .7z archive: unpack it first"},
	{"\x89HDF\r\n\x1a\n", "an HDF5 file"},
	{"\x89PNG\r\n\x1a\n", "a PNG image"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"II*\x00", "a TIFF image"},
	{"MM\x00*", "a TIFF image"},
	{"CDF\x01", "a NetCDF file"},
	{"CDF\x02", "a NetCDF file"},
	{"MATLAB 5.0 MAT-file", "a MATLAB file"},
	{"SIMPLE  =", "a FITS file"},
	{"PAR1", "a Parquet file"},
	{"\x80\x02", "a Python pickle"},
	{"\x80\x03", "a Python pickle"},
	{"\x80\x04\x95", "a Python pickle"},
	{"\x80\x05\x95", "a Python pickle"},
}

// texts are beginnings of text, in lower case.
var texts = []struct{ begins, kind string }{
	{"version https://git-lfs.github.com/spec/", "a pointer of Git LFS: fetch the file itself with `git lfs pull`"},
	{"<!doctype html", "an HTML page: the download failed"},
	{"<html", "an HTML page: the download failed"},
	{"<?xml", "an XML file: the download failed"},
}

// Of names the kind of a file that begins with head, the first [HeadSize] bytes or all that it has,
// in words that follow "it is "; "" if it cannot tell.
func Of(head []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.begins)) {
			return s.kind
		}
	}
	text := strings.ToLower(strings.TrimLeft(string(head[:min(len(head), 64)]), " \t\r\n\ufeff"))
	for _, t := range texts {
		if strings.HasPrefix(text, t.begins) {
			return t.kind
		}
	}
	if len(head) > 0 && len(bytes.Trim(head, "\x00")) == 0 {
		return "filled with zeros: its content was never written, or is lost"
	}
	return ""
}
