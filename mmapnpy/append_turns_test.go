package mmapnpy

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// appenderVariables are the path and the number that the test program appends rows of.
const appenderPath, appenderRow = "LAZYNPY_TEST_APPEND_PATH", "LAZYNPY_TEST_APPEND_ROW"

// TestAppendProcess is the process that [TestAppendAtOnce] starts, and does nothing otherwise.
func TestAppendProcess(t *testing.T) {
	path := os.Getenv(appenderPath)
	if path == "" {
		return
	}
	n, err := strconv.Atoi(os.Getenv(appenderRow))
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		row, err := BufferOf([]int64{int64(n), int64(n), int64(n)})
		if err == nil {
			err = Append(path, row)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestAppendAtOnce has processes append to one file, which has all rows then.
func TestAppendAtOnce(t *testing.T) {
	const processes = 4
	path := saveTemp(t, cBuffer(Int64, nil, 0, 3))
	var all []*exec.Cmd
	for i := range processes {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAppendProcess$")
		cmd.Env = append(os.Environ(), appenderPath+"="+path, appenderRow+"="+strconv.Itoa(i))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	values, err := CopyOf[int64](mustBuffer(t, openTemp(t, path)))
	if err != nil || len(values) != processes*10*3 {
		t.Fatalf("%d elements, want %d: %v", len(values), processes*10*3, err)
	}
	count := map[int64]int{}
	for i := 0; i < len(values); i += 3 {
		if values[i] != values[i+1] || values[i] != values[i+2] {
			t.Errorf("row %d is %v", i/3, values[i:i+3])
		}
		count[values[i]]++
	}
	for i := range processes {
		if count[int64(i)] != 10 {
			t.Errorf("%d rows of process %d", count[int64(i)], i)
		}
	}
}

// TestAppendTurns does not wait where it is not to, and tells of a file that was replaced.
func TestAppendTurns(t *testing.T) {
	path := saveTemp(t, cBuffer(Uint8, []byte("abc"), 3))
	one := cBuffer(Uint8, []byte("d"), 1)
	begun := make(chan struct{})
	done := make(chan error)
	hold, err := openToMend(path, config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Append(path, one, WaitFor(t.Context(), 0, nil)); !errors.Is(err, ErrLocked) {
		t.Errorf("without waiting: %v", err)
	}
	if _, err := Recover(path, WaitFor(t.Context(), 0, nil)); !errors.Is(err, ErrLocked) {
		t.Errorf("Recover: %v", err)
	}
	if _, err := Recover(path, DryRun()); err != nil {
		t.Errorf("looking only: %v", err)
	}
	go func() { done <- Append(path, one, WaitFor(t.Context(), DefaultWait, func() { close(begun) })) }()
	<-begun
	other := filepath.Join(t.TempDir(), "other.npy")
	if err := Save(other, cBuffer(Uint8, []byte("xy"), 2)); err != nil {
		t.Fatal(err)
	}
	// who waits takes the new one
	if err := errors.Join(os.Rename(other, path), hold.Close()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got, err := CopyOf[uint8](mustBuffer(t, openTemp(t, path))); err != nil || string(got) != "xyd" {
		t.Errorf("the file has %q: %v", got, err)
	}
}
