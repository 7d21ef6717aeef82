//go:build unix

package distributed

import "syscall"

// dsync makes every write wait until its data are on disk. Darwin's kernel knows O_SYNC only by
// another name, and package syscall has that of each system.
const dsync = syscall.O_SYNC
