package zipseek

// The layout of a .zip file, from APPNOTE.TXT 6.3.10. All numbers are little-endian.
//
//	local header, name, extra, data [, data descriptor]     once for each member
//	directory entry, name, extra, comment                   once for each member
//	[zip64 end record, zip64 locator]
//	end record, comment
const (
	localSignature      = 0x04034b50 // "PK\3\4"
	directorySignature  = 0x02014b50 // "PK\1\2"
	endSignature        = 0x06054b50 // "PK\5\6"
	end64Signature      = 0x06064b50 // "PK\6\6"
	locatorSignature    = 0x07064b50 // "PK\6\7"
	descriptorSignature = 0x08074b50 // "PK\7\8", which may begin a data descriptor
	digitalSignature    = 0x05054b50 // "PK\5\5", which may end a directory

	localSize     = 30 // + name, extra
	directorySize = 46 // + name, extra, comment
	endSize       = 22 // + comment
	end64Size     = 56 // + extensible data
	locatorSize   = 20

	maxComment = 0xffff

	// escape16 and escape32 stand where a number is in the zip64 extra field or record.
	escape16 = 0xffff
	escape32 = 0xffffffff
)

// Bits of the flags.
const (
	flagEncrypted  = 1 << 0
	flagLZMAMarker = 1 << 1 // the data end with a marker
	flagDescriptor = 1 << 3 // sizes and checksum follow the data
	flagPatch      = 1 << 5
	flagStrong     = 1 << 6
	flagUTF8       = 1 << 11
	flagMasked     = 1 << 13
)

// Identifiers of extra fields.
const (
	extraZip64   = 0x0001
	extraUnicode = 0x7075 // Info-ZIP's Unicode path
	extraAlign   = 0xd935 // Android's zipalign: u16 alignment, then zeros
)

// A Method is how the bytes of a member are encoded.
type Method uint16

// The methods that can be read. Stored and Deflate can be written.
const (
	Stored  Method = 0
	Deflate Method = 8
	BZip2   Method = 12
	LZMA    Method = 14
	Zstd    Method = 93
)

var methodNames = map[Method]string{
	Stored: "stored", 1: "shrunk", 2: "reduced", 3: "reduced", 4: "reduced", 5: "reduced", 6: "imploded",
	Deflate: "deflated", 9: "deflate64", 10: "terse", BZip2: "bzip2", LZMA: "lzma", 16: "cmpsc", 18: "terse", 19: "lz77",
	20: "zstd (deprecated number 20)", Zstd: "zstd", 94: "mp3", 95: "xz", 96: "jpeg", 97: "wavpack", 98: "ppmd", 99: "aes",
}
