package main

import (
	"os"
	"testing"
)

// childVariable makes the test program the program itself.
const childVariable = "LAZYNPY_TEST_CHILD"

// TestMain makes the test binary a worker where a run has started it as one, and the command where a test has.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "work" || os.Getenv(childVariable) != "" {
		main()
	}
	// Under the race detector a program waits for 1 s when it ends, and workers are programs.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
