package proc

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain makes the test binary a worker if its first argument says so: "worker VERB DIR".
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "worker" {
		worker(os.Args[2], os.Args[3])
	}
	// Under the race detector a program waits for 1 s when it ends.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// worker does what its verb says, and leaves files DIR/INDEX.* about it.
func worker(verb, dir string) {
	index := os.Getenv("LAZYNPY_INDEX")
	leave := func(kind, text string) {
		if err := os.WriteFile(filepath.Join(dir, index+"."+kind), []byte(text), 0o666); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
	}
	switch verb {
	case "env":
		leave("env", strings.Join(os.Environ(), "\n"))
		fmt.Println("out", index)
		fmt.Fprintln(os.Stderr, "err", index)
	case "fail":
		os.Exit(7)
	case "count": // how many workers are at work while this one is
		leave("working", "")
		time.Sleep(50 * time.Millisecond)
		all, _ := filepath.Glob(filepath.Join(dir, "*.working"))
		leave("saw", fmt.Sprint(len(all)))
		_ = os.Remove(filepath.Join(dir, index+".working"))
	case "polite", "first": // ends on SIGTERM
		if verb == "first" && index != "0" {
			os.Exit(0)
		}
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		leave("ready", "")
		<-c
		leave("ended", "")
		os.Exit(75)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		leave("ready", "")
		time.Sleep(time.Hour)
	case "driver": // submits two polite workers and hangs
		submitAndHang(dir)
	}
	os.Exit(0)
}
