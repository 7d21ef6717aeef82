//go:build !unix

package zipseek

import "io/fs"

// mayVouch and isOurs know nothing of owners here.
func mayVouch(_, _ fs.FileInfo) bool { return true }

func isOurs(fs.FileInfo) bool { return true }
