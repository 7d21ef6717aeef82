package distributed

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/cpu"
)

// BuildID identifies the program: its platform, and the first 16 hexadecimal digits of the SHA-256 of the executable
// file. Workers refuse the plan of another program, since it might compute other bytes. On amd64 it also says whether
// the processor has fused multiply-add, which math.Exp of Go uses where it is there and whose last bits are others.
func BuildID() (string, error) { return buildID() }

var buildID = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("distributed: this program cannot be identified: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("distributed: this program cannot be identified: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("distributed: this program cannot be identified: %w", err)
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	if cpu.X86.HasFMA {
		platform += "+fma"
	}
	return platform + "/" + hex.EncodeToString(h.Sum(nil)[:8]), nil
})
