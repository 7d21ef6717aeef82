package distributed

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/lazynpy/lazynpy/distributed/internal/rundir"
	"github.com/lazynpy/lazynpy/internal/atomicfile"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// publication is the outputs of a run, and what done.json says of them: complete and on disk,
// beside their places. Nothing is left but to give them their names, so that a disk that is full,
// or a folder that may not be written to, leaves none of them.
type publication struct {
	d       *driver
	results []*atomicfile.File
	output  *atomicfile.File // nil if there is none, or if it has its name already
	done    *atomicfile.File
}

// appear writes the results, and gives all outputs their names.
func (d *driver) appear(ctx context.Context, results []*lazy.Result) error {
	pub := &publication{d: d}
	defer pub.abort()
	if err := pub.prepare(results); err != nil {
		return err
	}
	if err := pub.place(); err != nil {
		return err
	}
	d.agree(ctx)
	return nil
}

// abort removes what has no name yet. The file of the output stays.
func (pub *publication) abort() {
	for _, f := range append(pub.results, pub.output, pub.done) {
		if f != nil {
			f.Abort()
		}
	}
}

// prepare writes everything that is not there yet.
func (pub *publication) prepare(results []*lazy.Result) error {
	d := pub.d
	done := Done{Plan: fmt.Sprintf("%x", d.plan.ID()), Finished: time.Now().UTC(), Verified: d.Verify,
		Attempts: len(d.log.Attempts()), Duplicates: d.log.Duplicates(), Outputs: []Published{}}
	for i, r := range results {
		o, err := pub.save(d.plan.Reduce[i].Path, r)
		if err != nil {
			return err
		}
		done.Outputs = append(done.Outputs, o)
	}
	if d.plan.Output != nil {
		o, err := pub.adopt()
		if err != nil {
			return err
		}
		done.Outputs = append(done.Outputs, o)
	}
	f, err := atomicfile.Create(filepath.Join(d.Dir, doneName))
	if err != nil {
		return err
	}
	pub.done = f
	if err := json.NewEncoder(f).Encode(done); err != nil {
		return f.Named(err)
	}
	return f.Named(f.Sync())
}

// agreeTries bounds how often done.json is written anew after drivers have published together.
const agreeTries = 3

// agree notes in done.json which files the results are where another driver has published equal
// ones at the same time: by its own they would seem to be written to since. Whatever fails costs
// whoever looks a reading of them.
func (d *driver) agree(ctx context.Context) {
	for range agreeTries {
		done, err := d.readDone()
		if err != nil {
			return
		}
		changed := false
		for i, o := range done.Outputs[:len(d.plan.Reduce)] {
			if sure, err := o.look(); sure || err != nil {
				continue
			}
			if now, err := reread(ctx, o); err == nil && now != o {
				done.Outputs[i], changed = now, true
			}
		}
		if !changed {
			return
		}
		err = atomicfile.Write(filepath.Join(d.Dir, doneName), func(f *os.File) error { return json.NewEncoder(f).Encode(done) })
		if err != nil {
			return
		}
	}
}

// reread is what is recorded of the file that is in the place of an output, if it has the same
// content.
func reread(ctx context.Context, o Published) (Published, error) {
	f, err := rundir.Open(o.Path)
	if err != nil {
		return o, err
	}
	defer f.Close()
	if err := o.checkFile(ctx, f); err != nil {
		return o, err
	}
	return published(o.Path, f, o.CRC)
}

// save writes a result.
func (pub *publication) save(path string, r *lazy.Result) (Published, error) {
	f, err := atomicfile.Create(path, pub.d.plan.rules()...)
	if err != nil {
		return Published{}, err
	}
	pub.results = append(pub.results, f)
	crc := crc32.New(castagnoli)
	if err := mmapnpy.Write(io.MultiWriter(f, crc), r.Buffer()); err != nil {
		return Published{}, f.Named(err)
	}
	if err := f.Sync(); err != nil {
		return Published{}, f.Named(err)
	}
	return published(path, f.File, crc.Sum32())
}

// adopt brings the output of maps to disk, unless it has its name already. Another driver may give
// it that meanwhile.
func (pub *publication) adopt() (Published, error) {
	d := pub.d
	path, crc := d.plan.Output.Path, uint32(0)
	for i := range d.plan.Portions() {
		entry, _ := d.log.Entry(i)
		crc = addCRC(crc, entry.CRC)
	}
	if !d.published() {
		if err := d.checkPart(); err != nil {
			return Published{}, err
		}
		f, err := atomicfile.Adopt(path, d.plan.partPath(), d.plan.rules()...)
		if err == nil {
			pub.output = f
			if err := f.Sync(); err != nil {
				return Published{}, f.Named(err)
			}
			return published(path, f.File, crc)
		}
		if !d.published() {
			return Published{}, err
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return Published{}, err
	}
	defer f.Close()
	return published(path, f, crc)
}

// checkPart returns an error if the file of the output has not its header and its length.
func (d *driver) checkPart() error {
	head, err := d.plan.header()
	if err == nil {
		_, err = d.plan.prepared(d.plan.partPath(), head)
	}
	return err
}

// published is what is recorded of a file that will be at path, or is there.
func published(path string, f *os.File, crc uint32) (Published, error) {
	info, err := f.Stat()
	if err != nil {
		return Published{}, err
	}
	filesystem, inode := identify(info)
	return Published{Path: path, Size: info.Size(), MTime: info.ModTime().UnixNano(), FileSystem: filesystem, Inode: inode, CRC: crc}, nil
}

// place gives the outputs their names, and done.json its own at last: a run that has none is
// published again by the next driver, which finds the rest. Errors say how far it came.
func (pub *publication) place() error {
	for i, f := range pub.results {
		if err := f.Commit(); err != nil {
			return pub.partly(i, err)
		}
	}
	if pub.output != nil {
		if err := pub.rename(); err != nil {
			return pub.partly(len(pub.results), err)
		}
	}
	if err := pub.done.Commit(); err != nil {
		return fmt.Errorf("all outputs are there and complete, but the run directory does not say so, until it is resumed: %w", err)
	}
	return nil
}

// partly says that outputs are there, and that others are not.
func (pub *publication) partly(n int, err error) error {
	if n == 0 {
		return err
	}
	return fmt.Errorf("%d of %d outputs are there, the others are not until the run is resumed: %w", n, len(pub.d.plan.results()), err)
}

// rename gives the output its name, having left a mark that it is about to. Another driver may have
// done it.
func (pub *publication) rename() error {
	d := pub.d
	mark := func(*os.File) error { return nil }
	if err := atomicfile.Write(filepath.Join(d.Dir, publishName), mark); err != nil {
		return err
	}
	if err := pub.output.Commit(); err != nil && !d.published() {
		return err
	}
	return nil
}
