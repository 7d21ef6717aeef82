package peer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// Usage is what processes have used. The zero Usage says that nobody has measured it.
type Usage struct {
	CPUSeconds float64 `json:"cpu_seconds"` // user and system time
	// Written is bytes of files on a disk that were written, or made dirty in a mapping.
	Written int64 `json:"written"`
}

// Leave writes what this process has used into a new file of a directory, for [Collect].
func Leave(dir string) error {
	u, err := Used()
	if err != nil {
		return err
	}
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "usage-*.part")
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), f.Name()+".json")
}

// Collect adds up what was left in a directory, once so many processes have left something, or
// after 10 s.
func Collect(dir string, processes int) (Usage, error) {
	var names []string
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		names, _ = filepath.Glob(filepath.Join(dir, "usage-*.json")) // the pattern is well-formed
		if len(names) >= processes || time.Now().After(end) {
			break
		}
	}
	var all Usage
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return all, err
		}
		var u Usage
		if err := json.Unmarshal(text, &u); err != nil {
			return all, err
		}
		all.CPUSeconds += u.CPUSeconds
		all.Written += u.Written
	}
	return all, nil
}
