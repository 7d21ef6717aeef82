package dataset

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Config says what samples are, in which order they come, and how many make a batch.
type Config struct {
	// Files are paths, globs ([path/filepath.Match]) and directories (all .npy and .npz files in
	// them, but those whose names begin with a dot). Paths stay in the order given; what a glob or
	// a directory has is in natural order, img2 before img10.
	Files []string

	// Inputs and Targets are the arrays of a batch. There is at least one input.
	Inputs, Targets []Column

	// FilePerSample says that each file is one sample. Otherwise each entry of the arrays' first
	// axis is one.
	FilePerSample bool

	// MatchNames pairs the files of columns that have their own by name, without folder and
	// extension, instead of by order.
	MatchNames bool

	// Window makes samples of several consecutive entries. The zero value makes none.
	Window Window

	// Subset is which of the samples are used. The zero value is all.
	Subset Subset

	// Order is that of the samples in an epoch. The zero value is the order of the files.
	Order Order

	// Seed decides everything that is random. The same seed gives the same batches everywhere.
	Seed uint64

	// Batch is the number of samples of a batch on each rank: 1 to 2^31-1.
	Batch int

	// Last says what becomes of samples at the end of an epoch that do not fill a batch. Default:
	// [Short].
	Last Last

	// Rank is the number of this process among World that share the samples. All have the same
	// number of batches. Default: 0 of 1.
	Rank, World int

	// Epochs is after how many Batches ends, those before a state that is resumed included.
	// Default: 1. A negative number never ends.
	Epochs int

	// Join makes one input of all, joined along their last axes, as np.concatenate(inputs, axis=-1)
	// does.
	Join bool

	// Transform changes a batch when it has been read, on the goroutine that read it. It may change
	// the elements, replace arrays, or return another batch with as many samples. An error ends the
	// loop. Randomness comes from [Batch.Rand].
	Transform func(*Batch) (*Batch, error)

	// Workers is how many goroutines read. Default, and with 0: the value of GOMAXPROCS. Range 0 to
	// 4096.
	Workers int

	// Memory bounds, in bytes, batches that are read ahead and in use, caches of deflated members,
	// and what batches are computed from. Default, and with 0: 256 MiB. It must have room for one
	// batch.
	Memory int64

	// OnError says what becomes of samples that cannot be read. Default: [FailOnError].
	OnError OnError

	// Resume is where to begin. Default: at the start.
	Resume *State

	// Options open files. Default: none.
	Options []lazy.Option
}

// Column is one array of a batch: where it comes from and what is done with it.
type Column struct {
	// Key is the name of the array in each archive. Of archives with one array, and .npy files, it
	// is empty.
	Key string

	// Files are the column's own files, as those of the Config, of which it has as many as the
	// others. Default: those of the Config.
	Files []string

	// Array is used instead of files. It stays the caller's to close, after the data set.
	Array *lazy.Array

	// Name is that of the array in batches. Default: Key.
	Name string

	// Channels takes these indices of the last axis of each entry, in this order. Default: all.
	Channels []int64

	// DType is that of the elements in batches, in the words of np.dtype. They are cast as astype
	// does. Default: that of the file. Batches are always in this machine's byte order.
	DType string

	// Scale, Mean and Std normalise: (x*Scale - Mean) / Std, computed in float64 and rounded once,
	// to f4 unless DType is f2, bf16 or f8. Mean and Std have one number, or one for each index of
	// the last axis after Channels. Defaults: 1, 0, 1.
	Scale     float64
	Mean, Std []float64

	// Classes makes one-hot vectors of labels from 0 to Classes-1, along a new last axis, of f4
	// unless DType is given. A label that is no class is an error. Default: no vectors.
	Classes int64
}

// Columns are columns of arrays with these keys.
func Columns(keys ...string) []Column {
	columns := make([]Column, len(keys))
	for i, k := range keys {
		columns[i].Key = k
	}
	return columns
}

// Last says what becomes of the samples at the end of an epoch that do not fill a batch on every
// rank.
type Last uint8

const (
	// Short makes a batch of them, divided among the ranks as evenly as possible. Where there are
	// fewer than ranks, some ranks have a batch of none.
	Short Last = iota

	// Drop leaves them out.
	Drop

	// Pad makes a batch of them that is filled up with zeros; [Batch.Mask] tells which samples are
	// real.
	Pad
)

const (
	defaultMemory = 256 << 20
	maxBatch      = math.MaxInt32
	maxWorkers    = 4096
)

// complete checks a config and fills in what is left out.
func (c Config) complete() (Config, error) {
	c.World, c.Epochs = max(c.World, 1), defaultTo(c.Epochs, 1)
	c.Workers, c.Memory = defaultTo(c.Workers, runtime.GOMAXPROCS(0)), defaultTo(c.Memory, defaultMemory)
	c.Memory = min(c.Memory, math.MaxInt)
	c.Inputs, c.Targets = slices.Clone(c.Inputs), slices.Clone(c.Targets)
	switch {
	case len(c.Inputs) == 0:
		return c, errors.New("no input is named")
	case c.Batch < 1 || c.Batch > maxBatch:
		return c, fmt.Errorf("batch size %d out of range 1 to %d", c.Batch, maxBatch)
	case c.Workers < 1 || c.Workers > maxWorkers:
		return c, fmt.Errorf("workers %d out of range 0 to %d", c.Workers, maxWorkers)
	case c.Memory < 0:
		return c, fmt.Errorf("memory of %d bytes", c.Memory)
	case c.Last > Pad:
		return c, fmt.Errorf("unknown value %d of Last", c.Last)
	case c.OnError > SkipErrors:
		return c, fmt.Errorf("unknown value %d of OnError", c.OnError)
	}
	if err := checkRank(c.Rank, c.World); err != nil {
		return c, err
	}
	for _, columns := range [][]Column{c.Inputs, c.Targets} {
		for i := range columns {
			if err := columns[i].complete(&c); err != nil {
				return c, err
			}
		}
	}
	return c, c.Window.check(c.FilePerSample)
}

func (k *Column) complete(c *Config) error {
	k.Name = defaultTo(k.Name, k.Key)
	switch {
	case k.Array != nil && (len(k.Files) > 0 || k.Key != ""):
		return fmt.Errorf("column %q has an array and also files or a key", k.Name)
	case k.Array == nil && len(k.Files) == 0 && len(c.Files) == 0:
		return fmt.Errorf("column %q has no files", k.Name)
	case k.Classes < 0:
		return fmt.Errorf("column %q: %d classes", k.Name, k.Classes)
	case k.Classes > 0 && k.normalises():
		return fmt.Errorf("column %q: labels of classes cannot be normalised", k.Name)
	}
	if k.DType != "" {
		if _, err := mmapnpy.ParseDType(k.DType); err != nil {
			return fmt.Errorf("column %q: %w", k.Name, err)
		}
	}
	return nil
}

func (k *Column) normalises() bool { return k.Scale != 0 || len(k.Mean) > 0 || len(k.Std) > 0 }

// defaultTo is v, or d if v is zero.
func defaultTo[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}
