//go:build !unix

package distributed

import "io/fs"

func identify(fs.FileInfo) (filesystem string, inode uint64) { return "", 0 }
