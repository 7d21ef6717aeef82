//go:build !linux && !darwin

package bytesrc

import "os"

// remoteFS does not matter where files are not mapped by default.
func remoteFS(*os.File) string { return "" }
