package journal

const (
	// MaxPortions, 2^26, is how many portions a log takes: they cost 40 bytes each, 2.5 GiB at this
	// number.
	MaxPortions = 1 << 26

	// MaxPayload, 1 GiB, is how long a payload may be: a worker and the driver hold it in memory as
	// a whole.
	MaxPayload = 1 << 30

	// MaxGeneration, 65536, is how often a portion can be revoked. A higher number is no honest
	// one.
	MaxGeneration = 1 << 16

	// maxJSON is how long the payload of an attempt or an end may be for it to be read.
	maxJSON = 64 << 10

	// maxText and maxError bound the strings in them. JSON makes at most six bytes of one, so that
	// all of them together fit maxJSON.
	maxText  = 2 << 10
	maxError = 8 << 10

	// maxHost bounds the host in a file's name: file systems take names of 255 bytes.
	maxHost = 100
)
