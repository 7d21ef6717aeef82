package distributed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

// Done is what done.json says of a run that is complete.
type Done struct {
	Plan     string    `json:"plan"` // its ID in hexadecimal digits
	Finished time.Time `json:"finished"`
	Verified bool      `json:"verified"`
	Attempts int       `json:"attempts"`
	// portions that were computed again, to the same bytes
	Duplicates int64 `json:"duplicates"`
	// the results of reductions in their order, and then the output
	Outputs []Published `json:"outputs"`
}

// Published is an output as it was when it was published.
type Published struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`     // in bytes
	MTime int64  `json:"mtime_ns"` // nanoseconds since 1970

	// FileSystem and Inode say which file it was; empty and 0 where that is not known. Of two equal
	// names of filesystems are the numbers those of one.
	FileSystem string `json:"filesystem,omitempty"`
	Inode      uint64 `json:"inode,omitempty"`

	// CRC is a CRC-32C made while the file was written: of a result that of the whole file, of the
	// output of maps that of the checksums that the records of its portions have.
	CRC uint32 `json:"crc32c"`
}

// ErrOutput says that an output is not what was published: it is gone, or another file. One that is
// gone matches [fs.ErrNotExist] too.
var ErrOutput = errors.New("an output is not what was published")

// maxDone bounds the size of done.json.
const maxDone = 64 << 20

// ReadDone reads done.json of a run that is complete. It does not look at the outputs; see
// [CheckOutputs].
func ReadDone(dir string) (Done, error) {
	var done Done
	path := filepath.Join(RunDir(dir), doneName)
	b, err := rundir.ReadFile(path, maxDone)
	if err != nil {
		return done, err
	}
	if err := json.Unmarshal(b, &done); err != nil {
		return done, fileerr.Errorf(path, "not a record of outputs: %w", err)
	}
	return done, nil
}

// CheckOutputs looks whether the outputs of a complete run are those that were published: at their
// sizes, times and identities, and where these are others at their content. An error matches
// [ErrOutput] if one is not, and [fs.ErrNotExist] if the run is not complete.
func CheckOutputs(ctx context.Context, dir string) error {
	d, err := newDriver(nil, RunOptions{Dir: dir, Trust: true}) // it only reads
	if err != nil {
		return err
	}
	defer d.log.Close()
	return d.confirm(ctx)
}

// confirm is [CheckOutputs] of the driver's run.
func (d *driver) confirm(ctx context.Context) error {
	done, err := d.readDone()
	if err != nil {
		return err
	}
	return d.checkOutputs(ctx, done, false)
}

// readDone reads done.json, which must be that of the plan.
func (d *driver) readDone() (Done, error) {
	done, err := ReadDone(d.Dir)
	if err != nil {
		return done, err
	}
	var paths []string
	for _, o := range done.Outputs {
		paths = append(paths, o.Path)
	}
	if done.Plan != fmt.Sprintf("%x", d.plan.ID()) || !slices.Equal(paths, d.plan.results()) {
		return done, fileerr.New(filepath.Join(d.Dir, doneName), errors.New("it is of another plan"))
	}
	return done, nil
}

// alreadyDone reports whether the run is complete and its outputs are there, and opens one again
// whose outputs are gone. One that is another file is an error that matches [ErrOutput]: nothing is
// written over it.
func (d *driver) alreadyDone(ctx context.Context) (bool, error) {
	done, err := d.readDone()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = d.checkOutputs(ctx, done, false)
	if errors.Is(err, ErrOutput) && errors.Is(err, fs.ErrNotExist) {
		return false, d.reopen(done)
	}
	return err == nil, err
}

// checkOutputs returns an error that matches [ErrOutput] for the first output that is another file,
// else for the first one that is gone. The content is read where the rest leaves a doubt, or always
// if it is asked for.
func (d *driver) checkOutputs(ctx context.Context, done Done, content bool) error {
	var gone error
	for i, o := range done.Outputs {
		sure, err := o.look()
		if err == nil && (content || !sure) {
			err = d.checkContent(ctx, o, d.plan.Output != nil && i == len(done.Outputs)-1)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if gone == nil {
				gone = fmt.Errorf("%w: %w", ErrOutput, err)
			}
		case err != nil:
			return err
		}
	}
	return gone
}

// look compares what the folder tells of a file. It is sure of a file that nobody seems to have
// touched.
func (o Published) look() (sure bool, err error) {
	info, err := os.Stat(o.Path)
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, fmt.Errorf("%w: %s: not a regular file", ErrOutput, o.Path)
	}
	if info.Size() != o.Size {
		return false, fmt.Errorf("%w: %s: its size was %d and is %d", ErrOutput, o.Path, o.Size, info.Size())
	}
	filesystem, inode := identify(info)
	return info.ModTime().UnixNano() == o.MTime && (filesystem != o.FileSystem || inode == o.Inode), nil
}

// altered lists what is not as it was published, without reading any output.
func (d *driver) altered() []string {
	done, err := d.readDone()
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for _, o := range done.Outputs {
		switch sure, err := o.look(); {
		case errors.Is(err, fs.ErrNotExist):
			all = append(all, o.Path+": it is gone")
		case err != nil:
			all = append(all, strings.TrimPrefix(err.Error(), ErrOutput.Error()+": "))
		case !sure:
			all = append(all, o.Path+": it was written to, or replaced, after it was published; verify compares its content")
		}
	}
	return all
}

// checkContent reads an output, and returns an error that matches [ErrOutput] if it is not what was
// published.
func (d *driver) checkContent(ctx context.Context, o Published, mapped bool) error {
	if mapped {
		return d.checkMapped(ctx, o)
	}
	f, err := rundir.Open(o.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	return o.checkFile(ctx, f)
}

// checkFile reads the open file of a result, and returns an error that matches [ErrOutput] if it
// has another content than was published.
func (o Published) checkFile(ctx context.Context, f *os.File) error {
	h := crc32.New(castagnoli)
	if _, err := io.Copy(h, &contextReader{ctx, f}); err != nil {
		return fileerr.New(o.Path, err)
	}
	if crc := h.Sum32(); crc != o.CRC {
		return fmt.Errorf("%w: %s: its CRC-32C was %08x and is %08x", ErrOutput, o.Path, o.CRC, crc)
	}
	return nil
}

// checkMapped reads the output of maps.
func (d *driver) checkMapped(ctx context.Context, o Published) error {
	if err := d.plan.checkHeader(o.Path); err != nil {
		return err
	}
	b, err := d.bind()
	if err != nil {
		return err
	}
	defer b.array.Close()
	sums, err := d.plan.sums(ctx, b.parts, o.Path)
	if err != nil {
		return err
	}
	if foldSums(sums) == o.CRC {
		return nil
	}
	if err := d.log.Refresh(ctx); err == nil { // the records tell where it differs
		var bad []int64
		for i, sum := range sums {
			if entry, ok := d.log.Entry(int64(i)); ok && entry.CRC != sum {
				bad = append(bad, int64(i))
			}
		}
		if len(bad) > 0 {
			return fmt.Errorf("%w: %w", ErrOutput, d.differs(o.Path, bad))
		}
	}
	return fmt.Errorf("%w: %s: the CRC-32C of its portions was %08x and is %08x", ErrOutput, o.Path, o.CRC, foldSums(sums))
}

// foldSums is the checksum of those of all portions.
func foldSums(sums []uint32) uint32 {
	crc := uint32(0)
	for _, sum := range sums {
		crc = addCRC(crc, sum)
	}
	return crc
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context //nolint:containedctx // that of one call
	r   io.Reader
}

func (r *contextReader) Read(b []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(b)
}

// reopen makes a complete run one that is not, since outputs are gone. If that of maps is among
// them, the mark that it has its name goes first; its records are revoked when another file is made
// for it.
func (d *driver) reopen(done Done) error {
	if p := d.plan; p.Output != nil {
		if _, err := os.Stat(p.Output.Path); errors.Is(err, fs.ErrNotExist) {
			if err := remove(filepath.Join(d.Dir, publishName)); err != nil {
				return err
			}
		}
	}
	return remove(filepath.Join(d.Dir, doneName))
}

// remove removes a file, if it is there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
