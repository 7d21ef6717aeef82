package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
)

// Sizes of the npz suite at scale 1.
const (
	npzBytes   = 256 << 20 // each array
	npzLong    = 4 << 30
	npzMany    = 100_000 // members; opened only, so it does not scale below a tenth
	npzFirst   = 1 << 20 // the first block
	npzReads   = 200
	npzRead    = 64 << 10
	npzLongest = 64 // MiB of memory for a pass over the long one
)

// npzArray is an array of the suite with what has to be reached on it; see peers/numpy/make_npz.py.
type npzArray struct {
	name     string
	what     string
	oneCore  float64 // × np.load, without an index
	twoCores float64 // × np.load, with one
	write    float64 // × np.savez_compressed
}

var npzArrays = []npzArray{
	{"f32q", "float32 rounded to 0.01", 2.5, 4, 5},
	{"f32r", "float32 with all bits", 2, 3.5, 5},
	{"u16", "camera counts of uint16", 2.5, 4, 5},
	{"i64", "labels of int64", 2.5, 4, 2.5},
}

// npzSuite is all of it: a step per array, so that no more than one of them takes room.
func npzSuite() []Step {
	steps := make([]Step, 0, len(npzArrays)+2)
	for _, a := range npzArrays {
		steps = append(steps, a.step)
	}
	return append(steps, npzListCases, npzLongCases)
}

// onCores lets a Go contender use that many.
func (c Contender) onCores(n int) Contender {
	c.Env = append(c.Env, "GOMAXPROCS="+strconv.Itoa(n))
	return c
}

// What the reason of the back end says of the index that is used. Contenders check it, so that
// nothing else is measured than what the title says.
const (
	byCheckpoints = "index=indexed as it is read"
	bySidecar     = "index=index beside the archive"
	bySOZip       = "index=SOZip"
	noSidecar     = "sidecar=no"
)

// step measures one array.
func (a npzArray) step(b *Bench) ([]Case, error) {
	f, err := a.files(b)
	if err != nil {
		return nil, err
	}
	cases := []Case{f.oneCore(), f.twoCores("NumPy's archive with an index file", f.deflated, bySidecar), f.twoCores("our archive, which NumPy reads too", f.ours, bySOZip)}
	if a.name == "f32q" {
		// Content has no part in it.
		cases = append(cases, f.first())
	}
	return append(cases, f.random(), f.write(), f.index()), nil
}

// npzFiles are the files of one array.
type npzFiles struct {
	npzArray
	b                             *Bench
	data                          npzData
	plain, stored, deflated, ours string
	about                         string // for titles
}

func (a npzArray) files(b *Bench) (npzFiles, error) {
	names := []string{a.name + ".npy", a.name + "-stored.npz", a.name + "-deflated.npz"}
	data, folder, err := b.makeNPZ(names, "array", a.name, bytesArg(b.scaledNPZ(npzBytes)))
	if err != nil {
		return npzFiles{}, err
	}
	f := npzFiles{
		npzArray: a, b: b, data: data,
		plain: filepath.Join(folder, names[0]), stored: filepath.Join(folder, names[1]),
		ours:  filepath.Join(b.dir, "ours.npz"),
		about: fmt.Sprintf("%s, %s, %s, ratio %.3g", a.name, a.what, sizeText(data.Bytes), data.Ratio),
	}
	if f.deflated, err = b.linkNPZ(filepath.Join(folder, names[2])); err != nil {
		return f, err
	}
	if err := indexNPZ(f.deflated); err != nil {
		return f, err
	}
	return f, saveNPZ(f.plain, f.ours)
}

// whole is what everybody must find who reads the whole array.
func (f npzFiles) whole() []json.Number {
	return []json.Number{json.Number(bytesArg(f.data.Bytes)), f.data.CRC}
}

// oneCore is the first touch of an archive that nobody has prepared.
func (f npzFiles) oneCore() Case {
	const numpy, klauspost = "np.load", "klauspost/compress/flate"
	return Case{
		Title:  "load on one core, without an index: " + f.about,
		Bytes:  f.data.Bytes,
		Expect: f.whole(),
		Contenders: []Contender{
			f.b.goPeer(ours, "lazynpy", "npz-load", f.deflated, noSidecar, byCheckpoints).onCores(1),
			f.b.pyPeer(numpy, "numpy", "npz-load", f.deflated),
			f.b.goPeer(klauspost, "klauspost", "npz-load", f.deflated, "header="+bytesArg(f.data.Header)).onCores(1),
		},
		Targets: []Target{atLeastAsFast(f.npzArray.oneCore, numpy), atLeastAsFast(2, klauspost)},
	}
}

// twoCores is the same with an index. What one core does shows what the machine gives for the
// second.
func (f npzFiles) twoCores(title, path, index string) Case {
	const numpy = "np.load"
	return Case{
		Title:  "load on two cores, " + title + ": " + f.about,
		Bytes:  f.data.Bytes,
		Expect: f.whole(),
		Contenders: []Contender{
			f.b.goPeer(ours, "lazynpy", "npz-load", path, index).onCores(2),
			f.b.goPeer("lazynpy, one core", "lazynpy", "npz-load", path, index).onCores(1),
			f.b.pyPeer(numpy, "numpy", "npz-load", path),
		},
		Targets: []Target{atLeastAsFast(f.npzArray.twoCores, numpy)},
	}
}

// first looks at the beginning of a stored array, in place.
func (f npzFiles) first() Case {
	const numpy = "np.load(...)['x'][:n]"
	rows := "rows=" + bytesArg(npzFirst/(f.data.Bytes/f.data.Shape[0]))
	return Case{
		Title: fmt.Sprintf("the first %s of a stored array of %s", sizeText(npzFirst), sizeText(f.data.Bytes)),
		Contenders: []Contender{
			f.b.goPeer(ours, "lazynpy", "npz-first", f.stored, rows),
			f.b.pyPeer(numpy, "numpy", "npz-first", f.stored, rows),
		},
		Targets: []Target{atLeastAsFast(100, numpy)},
	}
}

// random reads pieces of a deflated array.
func (f npzFiles) random() Case {
	const sozip = "lazynpy, our archive"
	args := []string{"reads=" + strconv.Itoa(npzReads), "size=" + strconv.Itoa(npzRead)}
	return Case{
		Title: fmt.Sprintf("one of %d random reads of %s, median: %s", npzReads, sizeText(npzRead), f.about),
		Contenders: []Contender{
			f.b.goPeer(ours, "lazynpy", append([]string{"npz-random", f.deflated, bySidecar}, args...)...),
			f.b.goPeer(sozip, "lazynpy", append([]string{"npz-random", f.ours, bySOZip}, args...)...),
			f.b.pyPeer("np.load, then a slice", "numpy", append([]string{"npz-random", f.deflated}, args...)...),
		},
		Targets: []Target{
			atMost(2, "ms", ", the median, index file", milliseconds),
			note("95 of 100 take at most, index file", "ms", ours, p95),
			{
				Text:  "at most 2 ms, the median, our archive",
				Unit:  "ms",
				needs: []string{sozip},
				judge: func(m Measured) (float64, bool) {
					got := spread(m.each(sozip, milliseconds)).Median
					return got, got <= 2
				},
			},
			note("95 of 100 take at most, our archive", "ms", sozip, p95),
		},
	}
}

func milliseconds(s Sample) float64 { return s.Seconds * 1e3 }
func p95(s Sample) float64          { return s.Extra["p95"] * 1e3 }

// write compresses the array.
func (f npzFiles) write() Case {
	const numpy = "np.savez_compressed"
	size := func(s Sample) float64 { return s.Extra["size"] }
	out := "out=" + filepath.Join(f.b.dir, "written")
	return Case{
		Title:  "compressed write on two cores: " + f.about,
		Bytes:  f.data.Bytes,
		Expect: f.whole(),
		Contenders: []Contender{
			f.b.goPeer(ours, "lazynpy", "npz-write", f.plain, out+"-ours.npz").onCores(2),
			f.b.pyPeer(numpy, "numpy", "npz-write", f.plain, out+"-numpy.npz"),
		},
		Targets: []Target{
			atLeastAsFast(f.npzArray.write, numpy),
			{
				Text:  "at most 3 % larger than by: " + numpy,
				Unit:  "%",
				needs: []string{numpy},
				judge: func(m Measured) (float64, bool) {
					more := 100 * (spread(m.each(ours, size)).Median/spread(m.each(numpy, size)).Median - 1)
					return more, more <= 3
				},
			},
		},
	}
}

// index makes the index file. Beside it is what the pass costs that it is made in, and what it
// costs with an index already there: inflating and nothing else.
func (f npzFiles) index() Case {
	share := func(s Sample) float64 { return 100 * s.Extra["share"] }
	return Case{
		Title: "making the index file on one core: " + f.about,
		Bytes: f.data.Bytes,
		Contenders: []Contender{
			f.b.goPeer(ours, "lazynpy", "npz-index", f.deflated, noSidecar).onCores(1).limit(),
			f.b.goPeer("lazynpy, first load", "lazynpy", "npz-load", f.deflated, noSidecar, byCheckpoints).onCores(1).limit(),
			f.b.goPeer("lazynpy, load with it", "lazynpy", "npz-load", f.deflated, bySidecar).onCores(1).limit(),
		},
		Targets: []Target{atMost(2, "%", " of the compressed size", share)},
	}
}

// npzListCases opens an archive of very many arrays.
func npzListCases(b *Bench) ([]Case, error) {
	const numpy = "np.load(...).files"
	count := max(npzMany/10, int64(npzMany*min(b.scale, 1)))
	_, folder, err := b.makeNPZ([]string{"many.npz"}, "many", bytesArg(count))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "many.npz")
	return []Case{{
		Title: fmt.Sprintf("open an archive of %d arrays and list them", count),
		Contenders: []Contender{
			b.goPeer(ours, "lazynpy", "npz-list", path),
			b.pyPeer(numpy, "numpy", "npz-list", path),
		},
		Targets: []Target{atLeastAsFast(20, numpy)},
	}}, nil
}

// npzLongCases streams an array that is far larger than the memory for it.
func npzLongCases(b *Bench) ([]Case, error) {
	const withIndex = "lazynpy, index file"
	data, folder, err := b.makeNPZ([]string{"long.npz"}, "labels", bytesArg(b.scaledNPZ(npzLong)))
	if err != nil {
		return nil, err
	}
	path, err := b.linkNPZ(filepath.Join(folder, "long.npz"))
	if err != nil {
		return nil, err
	}
	if err := indexNPZ(path); err != nil {
		return nil, err
	}
	mebibytes := func(figure func(Sample) float64) func(Sample) float64 {
		return func(s Sample) float64 { return figure(s) / (1 << 20) }
	}
	rss := mebibytes(func(s Sample) float64 { return s.PeakRSS })
	anonymous := mebibytes(func(s Sample) float64 { return s.PeakAnon })
	return []Case{{
		Title:  "memory of a sum over a deflated array of int64, " + sizeText(data.Bytes),
		Bytes:  data.Bytes,
		Expect: []json.Number{data.Sum},
		Contenders: []Contender{
			b.goPeer(ours, "lazynpy", "npz-sum", path, noSidecar, byCheckpoints),
			b.goPeer(withIndex, "lazynpy", "npz-sum", path, bySidecar),
			b.pyPeer("np.load(...)['x'].sum()", "numpy", "npz-sum", path),
		},
		Targets: []Target{
			atMost(npzLongest, "MiB", " of peak RSS", rss),
			atMost(npzLongest, "MiB", " of anonymous memory", anonymous),
			note("peak RSS with an index file", "MiB", withIndex, rss),
		},
	}}, nil
}
