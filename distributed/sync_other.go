//go:build !unix

package distributed

import "os"

const dsync = os.O_SYNC
