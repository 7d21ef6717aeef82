package filekind

import (
	"strings"
	"unicode/utf8"
)

// Names of kinds, as [Name] gives them.
const (
	Array   = "an array"
	Archive = "an archive"
	Picture = "a picture"
	Text    = "text"
	Unknown = "of no known kind"
)

// beginnings tell what a file is that might be written over.
var beginnings = []struct{ magic, kind string }{
	{"\x93NUMPY", Array}, {"\x89PNG\r\n\x1a\n", Picture}, {"PK\x03\x04", Archive}, {"PK\x05\x06", Archive},
	{"\x89HDF\r\n\x1a\n", "an HDF5 file"}, {"CDF\x01", "a NetCDF file"}, {"CDF\x02", "a NetCDF file"}, {"\x1f\x8b", "a gzip file"}, {"BZh", "a bzip2 file"},
	{"\x28\xb5\x2f\xfd", "a zstd file"}, {"\xfd7zXZ\x00", "an xz file"}, {"II*\x00", "a TIFF file"}, {"MM\x00*", "a TIFF file"}, {"SIMPLE  =", "a FITS file"},
	{"\xff\xd8\xff", "a JPEG file"}, {"GIF8", "a GIF file"}, {"%PDF-", "a PDF file"}, {"SQLite format 3\x00", "a database"}, {"PAR1", "a Parquet file"},
	{"\x7fELF", "a program"}, {"#!", "a program"}, {"LZIDX", "an index file"}, {"MATLAB 5.0", "a MATLAB file"}, {"\x80\x02", "a pickle"}, {"\x80\x04", "a pickle"},
}

// Name is what a file is that begins with head, in words that follow "it is": an array, text, or of
// no known kind. Unlike [Of] it names every file, since it is about files that are to be replaced.
func Name(head string) string {
	for _, b := range beginnings {
		if strings.HasPrefix(head, b.magic) {
			return b.kind
		}
	}
	text := strings.IndexByte(head, 0) < 0
	for i := 0; text && i < len(head); { // a character may be cut at the end
		_, n := utf8.DecodeRuneInString(head[i:])
		text = n > 1 || head[i] < utf8.RuneSelf || i+utf8.UTFMax > len(head)
		i += n
	}
	if text {
		return Text
	}
	return Unknown
}
