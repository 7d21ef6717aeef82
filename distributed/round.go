package distributed

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
)

// roundFile is a submission as it is in the run directory: the tasks that were missing, as ranges, and how many
// workers share them.
type roundFile struct {
	Engine string     `json:"engine"`
	Shares int        `json:"shares"`
	Tasks  [][2]int64 `json:"tasks"`
}

// roundPath is the file of a round.
func roundPath(dir string, number int) string {
	return filepath.Join(dir, roundDir, strconv.Itoa(number)+".json")
}

// writeRound writes a round under the next number that is free.
func writeRound(dir string, r roundFile) (number int, err error) {
	b, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	last, err := lastRound(dir)
	if err != nil {
		return 0, err
	}
	for number = last + 1; ; number++ {
		f, err := os.OpenFile(roundPath(dir, number), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		_, err = f.Write(append(b, '\n'))
		if err == nil {
			err = f.Sync()
		}
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			_ = os.Remove(f.Name()) // there is an error to tell already, and no worker knows of it
		}
		return number, err
	}
}

// lastRound is the highest number of a round, 0 if there is none.
func lastRound(dir string) (int, error) {
	entries, err := os.ReadDir(filepath.Join(dir, roundDir))
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

// maxRound bounds the size of a round, which has as many ranges as there are gaps.
const maxRound = 256 << 20

// readRound reads a round.
func readRound(dir string, number int) (roundFile, error) {
	var r roundFile
	path := roundPath(dir, number)
	b, err := rundir.ReadFile(path, maxRound)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("distributed: %s: not a round: %w", path, err)
	}
	for _, t := range r.Tasks {
		if t[0] < 0 || t[0] >= t[1] {
			return r, fmt.Errorf("distributed: %s: tasks %d to %d", path, t[0], t[1])
		}
	}
	if r.Shares < 1 {
		return r, fmt.Errorf("distributed: %s: %d shares", path, r.Shares)
	}
	return r, nil
}
