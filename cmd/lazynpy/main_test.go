package main

import (
	"os"
	"strconv"
	"testing"

	"github.com/lazynpy/lazynpy/internal/demo"
)

// peakVariable makes the test program the program itself, which writes the most memory that it had
// into the file of this name: what the system tells of a child counts its parent's too.
const peakVariable = "LAZYNPY_TEST_PEAK"

// childVariable makes the test program the program itself.
const childVariable = "LAZYNPY_TEST_CHILD"

// TestMain makes the test binary a worker where a run has started it as one, and the command where
// a test has.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "work" || os.Getenv(childVariable) != "" {
		main()
	}
	if path := os.Getenv(peakVariable); path != "" {
		limitMemory()
		status := start()
		peak, _, _ := demo.MemoryUse()
		if err := os.WriteFile(path, []byte(strconv.FormatInt(peak, 10)), 0o600); err != nil {
			panic(err)
		}
		os.Exit(status)
	}
	// Under the race detector a program waits for 1 s when it ends, and workers are programs.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
