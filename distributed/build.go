package distributed

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
)

// BuildID identifies the program: its platform, and the first 16 hexadecimal digits of the SHA-256
// of the executable file. Workers refuse the plan of another program, since it might compute other
// bytes. The processor is no part of it: the operations of this package give the same bytes on
// every one of a platform.
func BuildID() (string, error) { return buildID() }

var buildID = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("this program cannot be identified: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("this program cannot be identified: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("this program cannot be identified: %w", err)
	}
	return runtime.GOOS + "/" + runtime.GOARCH + "/" + hex.EncodeToString(h.Sum(nil)[:8]), nil
})
