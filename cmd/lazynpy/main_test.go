package main

import (
	"os"
	"strconv"
	"testing"
)

// childVariable makes the test program the program itself, and is where it writes how much memory it had, in bytes.
const childVariable = "LAZYNPY_TEST_CHILD"

// TestMain makes the test binary a worker where a run has started it as one, and the command where a test has.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "work" {
		main()
	}
	if path := os.Getenv(childVariable); path != "" {
		status := start()
		peak, _, _ := memoryUse() // rusage would count the memory of the process that started this one
		if err := os.WriteFile(path, strconv.AppendInt(nil, peak, 10), 0o600); err != nil {
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
