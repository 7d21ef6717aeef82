package distributed

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// roundFile is a submission as it is in the run directory, for people, for status and for drivers
// that come later. Workers do not look at it.
type roundFile struct {
	Engine    string    `json:"engine"`
	Workers   int       `json:"workers"`
	Submitted time.Time `json:"submitted"`
	// what the engine calls it; "" while it is submitted, and where it has no name
	Job     string `json:"job,omitempty"`
	Printed bool   `json:"printed,omitempty"` // for somebody else to submit
	// why it could not be submitted, or what became of its workers
	Error string `json:"error,omitempty"`
	Ended bool   `json:"ended,omitempty"` // a driver has seen that no worker is left
}

// roundPath is the file of a round.
func roundPath(dir string, number int) string {
	return filepath.Join(dir, roundDir, strconv.Itoa(number)+".json")
}

// newRound writes a round under the next number that is free.
func newRound(dir string, r roundFile) (number int, err error) {
	b, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	last, err := lastRound(dir)
	if err != nil {
		return 0, err
	}
	for number = last + 1; ; number++ {
		err := atomicfile.Write(roundPath(dir, number), func(f *os.File) error {
			_, err := f.Write(append(b, '\n'))
			return err
		}, atomicfile.New())
		if errors.Is(err, os.ErrExist) {
			continue
		}
		return number, err
	}
}

// update writes a round anew.
func (r roundFile) update(dir string, number int) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return atomicfile.Write(roundPath(dir, number), func(f *os.File) error {
		_, err := f.Write(append(b, '\n'))
		return err
	})
}

// lastRound is the highest number of a round, 0 if there is none.
func lastRound(dir string) (int, error) {
	entries, err := os.ReadDir(filepath.Join(dir, roundDir))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	last := 0
	for _, e := range entries {
		if n, err := strconv.ParseInt(strings.TrimSuffix(e.Name(), ".json"), 10, 32); err == nil && n < maxIndex {
			last = max(last, int(n))
		}
	}
	return last, nil
}

// maxRound bounds the size of a round's file.
const maxRound = 1 << 20

// readRound reads a round.
func readRound(dir string, number int) (roundFile, error) {
	var r roundFile
	path := roundPath(dir, number)
	b, err := rundir.ReadFile(path, maxRound)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fileerr.Errorf(path, "not a round: %w", err)
	}
	return r, nil
}
