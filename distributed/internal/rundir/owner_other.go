//go:build !unix

package rundir

import "io/fs"

const nonblock = 0

// foreign is not known here.
func foreign(fs.FileInfo) string { return "" }
