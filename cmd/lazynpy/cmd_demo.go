package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/demo"
	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/internal/picture"
	"github.com/lazynpy/lazynpy/lazy"
)

const (
	defaultDemoSize = "2GiB"

	// demoMargin is what must stay free on the disk.
	demoMargin = 64 << 20

	brightFieldPNG = "lazynpy-bright-field.png"
	sumPatternPNG  = "lazynpy-sum-pattern.png"
	scanName       = "scan.npy"
)

func newDemoCommand(c *cli) *cobra.Command {
	d := demonstration{cli: c, size: parsed[int64]{parse: chunk.ParseBytes, kind: "size"}}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Write a synthetic 4D-STEM scan, open it, and make a virtual image",
		Long: "Demo writes a scan of diffraction patterns, opens it, makes a virtual bright-field image, the sum of\n" +
			"all patterns and statistics, and tells how long each took and how much memory. It leaves two PNGs behind,\n" +
			"and the scan only with --keep.",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	d.register(cmd.Flags())
	return cmd
}

// demonstration is one run of the demonstration.
type demonstration struct {
	cli      *cli
	size     parsed[int64]
	dir, out string
	keep     bool
	y, x     int // a scan position worth a look
	report   demoJSON
}

func (d *demonstration) register(set *pflag.FlagSet) {
	_ = d.size.Set(defaultDemoSize) // a constant that parses
	set.Var(&d.size, "size", "size of the scan")
	set.StringVar(&d.dir, "dir", "", "`directory` for the scan (default a temporary one)")
	set.StringVar(&d.out, "out", ".", "`directory` for the images")
	set.BoolVar(&d.keep, "keep", false, "keep the scan")
}

// demoJSON is what demo measured, and prints with --json.
type demoJSON struct {
	Path             string      `json:"path"`
	Shape            []int64     `json:"shape"`
	NBytes           int64       `json:"nbytes"`
	WriteSeconds     float64     `json:"write_seconds"`
	OpenSeconds      float64     `json:"open_seconds"` // median
	FirstOpenSeconds float64     `json:"first_open_seconds"`
	Plan             string      `json:"plan"`
	Passes           []passJSON  `json:"passes"`
	Memory           *memoryJSON `json:"memory"` // null where the system does not tell
}

// passJSON is one sweep over the scan.
type passJSON struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	GBps    float64 `json:"gb_per_s"`
	Output  string  `json:"output"`
}

// memoryJSON is what the process took while it read the scan, in bytes.
type memoryJSON struct {
	PeakRSS   int64 `json:"peak_rss"`
	Anonymous int64 `json:"anonymous"` // now; 0 where the system does not tell
	WholeRun  bool  `json:"whole_run"` // the peak includes writing the scan
}

func (d *demonstration) run(ctx context.Context) (err error) {
	shape := demo.Shape(d.size.value)
	if shape == nil {
		return usagef("demo: --size %s is less than one pattern of %s", d.size.text, chunk.FormatBytes(demo.FrameBytes))
	}
	for _, name := range []string{brightFieldPNG, sumPatternPNG} {
		if err := d.cli.check(filepath.Join(d.out, name), export.PNG); err != nil {
			return err
		}
	}
	remove, err := d.makeDir(shape)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	d.say("A 4D-STEM scan: %d x %d positions, a pattern of %d x %d uint16 at each.\n\n", shape[0], shape[1], demo.Detector, demo.Detector)
	if err := d.write(ctx, shape); err != nil {
		return inFile(d.report.Path, err)
	}
	whole := !demo.ResetPeak()
	if err := d.read(ctx); err != nil {
		return inFile(d.report.Path, err)
	}
	d.reportMemory(whole)
	if d.cli.flags.json {
		return d.cli.printJSON(d.report)
	}
	d.sayNext()
	return nil
}

// say prints for people.
func (d *demonstration) say(format string, args ...any) {
	if !d.cli.flags.json {
		fmt.Fprintf(d.cli.stdout, format, args...)
	}
}

// makeDir chooses where the scan goes, checks that it fits, and returns what
// cleans up.
func (d *demonstration) makeDir(shape []int64) (remove func() error, err error) {
	d.report.Shape = shape
	d.report.NBytes = demo.NBytes(shape)
	dir, remove := d.dir, func() error { return nil }
	if dir != "" {
		if scan := filepath.Join(dir, scanName); exists(scan) {
			return nil, fileerr.New(scan, errors.New("is there already"))
		}
	}
	if dir == "" || !d.keep {
		if dir, remove, err = demo.TempDir(dir, d.keep, func(old string) {
			d.cli.note("%s: removed, a demo that died had left it", old)
		}); err != nil {
			return nil, err
		}
	}
	d.report.Path = filepath.Join(dir, scanName)
	if free, ok := bytesrc.FreeSpace(dir); ok && free < d.report.NBytes+demoMargin {
		err := fileerr.Errorf(dir, "%s are free, and the scan takes %s; choose a --dir or a smaller --size", chunk.FormatBytes(free), chunk.FormatBytes(d.report.NBytes))
		return nil, errors.Join(err, remove())
	}
	return remove, nil
}

// exists reports whether there is something at a path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// write makes the scan.
func (d *demonstration) write(ctx context.Context, shape []int64) (err error) {
	start := time.Now()
	b := d.cli.newBar("write")
	defer b.finish()
	if d.y, d.x, err = demo.Write(ctx, d.report.Path, shape, b.set); err != nil {
		return err
	}
	b.finish()
	took := time.Since(start)
	d.report.WriteSeconds = took.Seconds()
	d.say("  write   %s in %s, %s\n          %s\n", chunk.FormatBytes(d.report.NBytes), duration(took), rate(d.report.NBytes, took), d.report.Path)
	return nil
}

// read opens the scan and makes three passes over it.
func (d *demonstration) read(ctx context.Context) error {
	a, err := d.open()
	if err != nil {
		return err
	}
	defer a.Close()
	d.report.Plan = a.String()
	d.say("          %s\n\n", a)
	bright, err := d.reduceTo(ctx, a, "bright field", "sum over signal", brightFieldPNG, lazy.OverSignal(),
		picture.Options{Colormap: "gray", Percentile: [2]float64{0.1, 99.9}})
	if err != nil {
		return err
	}
	pattern, err := d.reduceTo(ctx, a, "sum pattern", "sum over navigation", sumPatternPNG, lazy.OverNavigation(),
		picture.Options{Colormap: "inferno", Log: true, Percentile: [2]float64{2, 99}})
	if err != nil {
		return err
	}
	if err := d.statistics(ctx, a); err != nil {
		return err
	}
	d.show(bright, pattern)
	return nil
}

// open opens the scan several times, since the first may find code and file system
// cold, and keeps the first.
func (d *demonstration) open() (*lazy.Array, error) {
	const times = 9
	opts := append(d.cli.flags.options(), lazy.NavigationAxes(0, 1))
	var first *lazy.Array
	var took []time.Duration
	for i := range times {
		start := time.Now()
		a, err := lazy.Open(d.report.Path, opts...)
		took = append(took, time.Since(start))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			first = a
		} else if err := a.Close(); err != nil {
			return nil, errors.Join(err, first.Close())
		}
	}
	d.report.FirstOpenSeconds = took[0].Seconds()
	slices.Sort(took)
	d.report.OpenSeconds = took[times/2].Seconds()
	d.say("  open    %s, median of %d\n", duration(took[times/2]), times)
	return first, nil
}

// reduceTo sums axes away and writes the image that is left.
func (d *demonstration) reduceTo(ctx context.Context, a *lazy.Array, name, what, file string, over lazy.Over, l picture.Options) (picture.Picture, error) {
	tracked, b, err := d.cli.track(a, name)
	if err != nil {
		return picture.Picture{}, err
	}
	start := time.Now()
	sum, err := lazy.Sum(ctx, tracked, over)
	took := time.Since(start)
	b.finish()
	if err != nil {
		return picture.Picture{}, err
	}
	path := filepath.Join(d.out, file)
	d.pass(name, what, path, took)
	s := export.Result(path, sum)
	img, err := picture.Render(s, s, l)
	if err != nil {
		return picture.Picture{}, err
	}
	return img, d.cli.output(path, export.PNG, img.Encode)
}

// pass reports one sweep.
func (d *demonstration) pass(name, what, output string, took time.Duration) {
	d.report.Passes = append(d.report.Passes, passJSON{name, took.Seconds(), float64(d.report.NBytes) / took.Seconds() / 1e9, output})
	d.say("  %-14s%-22s%-9s %9s", name, what, duration(took), rate(d.report.NBytes, took))
	if output != "" {
		d.say("   %s", output)
	}
	d.say("\n")
}

func (d *demonstration) statistics(ctx context.Context, a *lazy.Array) error {
	start := time.Now()
	s, err := d.cli.stats(ctx, a)
	if err != nil {
		return err
	}
	d.pass("statistics", "ten in one pass", "", time.Since(start))
	d.say("                min %.0f, max %.0f, mean %.4f, std %.4f, %.1f %% zeros\n\n",
		s["min"].Float64(), s["max"].Float64(), s["mean"].Float64(), s["std"].Float64(),
		100*s["count_zero"].Float64()/float64(a.Len()))
	return nil
}

// show draws both images on a terminal.
func (d *demonstration) show(bright, pattern picture.Picture) {
	if d.cli.flags.json || !wantsColour(d.cli.stdout) {
		return
	}
	width := min((columns(d.cli.stdout)-6)/2, 48)
	for _, line := range picture.Beside("  ", picture.Preview(bright.Paletted, width, true), picture.Preview(pattern.Paletted, width, true)) {
		d.say("  %s\n", line)
	}
	d.say("\n")
}

func (d *demonstration) reportMemory(wholeRun bool) {
	peak, anonymous, ok := demo.MemoryUse()
	if !ok {
		return
	}
	d.report.Memory = &memoryJSON{peak, anonymous, wholeRun}
	d.say("  memory  peak RSS %s", chunk.FormatBytes(peak))
	if wholeRun {
		d.say(", writing the scan included")
	} else {
		d.say(" while reading %s three times", chunk.FormatBytes(d.report.NBytes))
	}
	if anonymous > 0 {
		d.say("; anonymous %s", chunk.FormatBytes(anonymous))
	}
	d.say("\n\n")
}

func (d *demonstration) sayNext() {
	command, scan := invocation(), d.report.Path
	if !d.keep {
		d.say("The scan is gone again. With --keep --dir . it stays, and you can try\n\n")
		scan = "scan.npy"
	} else {
		d.say("Try\n\n")
	}
	for _, next := range []string{
		"info --nav 0,1 " + scan,
		fmt.Sprintf("png %s '%d, %d' --log --cmap inferno", scan, d.y, d.x),
		fmt.Sprintf("get %s '%d, %d, 60:68, 60:68'", scan, d.y, d.x),
		"plan --nav 0,1 " + scan,
		"reduce --nav 0,1 --op mean,std --over signal " + scan + " -o '{op}.npy'",
	} {
		d.say("  %s %s\n", command, next)
	}
}

// invocation is how this program was started, as far as it can tell.
func invocation() string {
	if exe, err := os.Executable(); err == nil && strings.Contains(exe, "go-build") {
		return "go run ./cmd/lazynpy"
	}
	return "lazynpy"
}

// duration rounds to what a reader wants to know.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
