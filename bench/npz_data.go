package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// npzData is what the script that made files of suite npz says of them.
type npzData struct {
	Bytes  int64       `json:"bytes"`
	CRC    json.Number `json:"crc"` // of the elements
	DType  string      `json:"dtype"`
	Shape  []int64     `json:"shape"`
	Header int64       `json:"header"` // bytes before the elements
	Ratio  float64     `json:"ratio"`  // of the size to that in the deflated archive
	Count  int64       `json:"count"`  // members
	Sum    json.Number `json:"sum"`    // of the elements
}

// makeNPZ lets NumPy make files in the cache, unless they are there, and returns the folder. The
// note beside them is written last, and holds the versions that they depend on, so that what an
// interrupted or older run left is made again.
func (b *Bench) makeNPZ(files []string, args ...string) (data npzData, folder string, err error) {
	if why := b.python.missing("numpy"); why != "" {
		return data, "", errors.New("the archives of suite npz are NumPy's own: " + why)
	}
	script := filepath.Join(b.source, "peers", "numpy", "make_npz.py")
	source, err := os.ReadFile(script)
	if err != nil {
		return data, "", err
	}
	key := b.python.versions["numpy"] + "\n" + string(source)
	folder = b.cache
	for _, arg := range args {
		folder = filepath.Join(folder, arg)
	}
	if data, err = cachedNPZ(folder, key, files); err == nil {
		return data, folder, nil
	}
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o700)); err != nil {
		return data, "", err
	}
	progress("making " + filepath.Base(folder))
	cmd := exec.CommandContext(context.Background(), b.python.path, slices.Concat([]string{script}, args, []string{folder})...)
	cmd.Env = append(os.Environ(), b.python.env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return data, "", fmt.Errorf("%s: %w", script, err)
	}
	if err := json.Unmarshal(out, &data); err != nil {
		return data, "", fmt.Errorf("%s: %w", script, err)
	}
	note, err := json.Marshal(npzNote{key, data})
	if err != nil {
		return data, "", err
	}
	return data, folder, os.WriteFile(filepath.Join(folder, "note.json"), note, 0o600)
}

type npzNote struct {
	Key  string
	Data npzData
}

// cachedNPZ reads the note of files that were made before, and the files, so that they are in the
// page cache as if they had just been written.
func cachedNPZ(folder, key string, files []string) (npzData, error) {
	var note npzNote
	text, err := os.ReadFile(filepath.Join(folder, "note.json"))
	if err != nil {
		return npzData{}, err
	}
	if err := json.Unmarshal(text, &note); err != nil || note.Key != key {
		return npzData{}, errors.Join(err, errors.New("made by another version"))
	}
	for _, file := range files {
		if err := warmFile(filepath.Join(folder, file)); err != nil {
			return npzData{}, err
		}
	}
	return note.Data, nil
}

func warmFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, f)
	return closeAfter(f, err)
}

// linkNPZ shows an archive of the cache in the folder of the step, where an index file can lie
// beside it.
func (b *Bench) linkNPZ(path string) (string, error) {
	link := filepath.Join(b.dir, filepath.Base(path))
	return link, os.Symlink(path, link)
}

// indexNPZ writes the index file of an archive, as `lazynpy index` does.
func indexNPZ(path string) error {
	z, err := zipseek.Open(path)
	if err != nil {
		return err
	}
	defer z.Close()
	_, _, err = z.WriteIndex(context.Background())
	return err
}

// saveNPZ writes an array as an archive of ours.
func saveNPZ(from, to string) error {
	a, err := lazy.Open(from)
	if err != nil {
		return err
	}
	defer a.Close()
	return lazy.SaveArchive(context.Background(), to, []lazy.Entry{{Key: "x", Array: a}}, lazy.Compressed(0))
}

// scaledNPZ is a size at the chosen scale, a multiple of 1 MiB and at least 8 MiB: decoders are not
// as fast as memory, so that the caches of the processor matter less than in the other suites.
func (b *Bench) scaledNPZ(size int64) int64 {
	return max(8<<20, int64(float64(size)*b.scale)>>20<<20)
}

func bytesArg(n int64) string { return strconv.FormatInt(n, 10) }
