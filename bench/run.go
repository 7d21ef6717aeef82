package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

// Sample is one run of one contender in one fresh process.
type Sample struct {
	// open to result, by the contender's own clock
	Seconds     float64 `json:"seconds"`
	OpenSeconds float64 `json:"open_seconds"` // the part of it until the array was open
	Wall        float64 `json:"wall_seconds"` // the whole process
	// user and system time of the whole process
	CPU float64 `json:"cpu_seconds"`
	// by the contender's own measure, from open to result, of all its processes
	Used peer.Usage `json:"used,omitzero"`
	// bytes, the kernel's high-water mark; sampled where a contender has started others
	PeakRSS  float64            `json:"peak_rss"`
	PeakAnon float64            `json:"peak_anon"` // bytes of anonymous memory, sampled
	PeakFile float64            `json:"peak_file"` // bytes of mapped file pages, sampled
	Extra    map[string]float64 `json:"extra,omitempty"`
	result   []json.Number
	files    []string
	bytes    []uint32 // the CRC-32C of each file that was written, all its bytes
}

// maxStderr bounds what of a failing contender's complaint is shown.
const maxStderr = 2000

// runOnce starts a contender, watches its memory, and reads its report and what it has written.
func runOnce(ctx context.Context, c Contender) (Sample, error) {
	if c.Out != "" {
		if err := os.Mkdir(c.Out, 0o700); err != nil {
			return Sample{}, err
		}
		defer os.RemoveAll(c.Out)
	}
	sample, err := start(ctx, c)
	if err == nil {
		err = sample.readFiles()
	}
	return sample, err
}

func start(ctx context.Context, c Contender) (Sample, error) {
	command := c.Command
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return Sample{}, err
	}
	watch := watchMemory(cmd.Process.Pid, c.Out)
	err := cmd.Wait()
	wall := time.Since(started)
	peaks := watch.stop()
	if err != nil {
		complaint := strings.TrimSpace(stderr.String())
		if len(complaint) > maxStderr {
			complaint = "…" + complaint[len(complaint)-maxStderr:]
		}
		return Sample{}, fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, complaint)
	}
	sample, err := parseReport(stdout.Bytes())
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	sample.Wall = wall.Seconds()
	// that of workers which are no children is in what the contender says alone
	sample.CPU = max(sample.Used.CPUSeconds, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
	sample.PeakAnon, sample.PeakFile = float64(peaks.anon), float64(peaks.file)
	sample.PeakRSS = max(sample.PeakRSS, float64(peaks.family))
	return sample, nil
}

// parseReport reads the one JSON line of a contender. Numbers stay text, so
// that a uint64 survives the way.
func parseReport(out []byte) (Sample, error) {
	var report struct {
		Result      []json.Number      `json:"result"`
		Seconds     float64            `json:"seconds"`
		OpenSeconds float64            `json:"open_seconds"`
		PeakRSS     float64            `json:"peak_rss"`
		Used        peer.Usage         `json:"used"`
		Files       []string           `json:"files"`
		Extra       map[string]float64 `json:"extra"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return Sample{}, fmt.Errorf("report is not one JSON object: %w", err)
	}
	if report.Seconds <= 0 {
		return Sample{}, errors.New("report has no time")
	}
	return Sample{
		Seconds:     report.Seconds,
		OpenSeconds: report.OpenSeconds,
		PeakRSS:     report.PeakRSS,
		Used:        report.Used,
		Extra:       report.Extra,
		result:      report.Result,
		files:       report.Files,
	}, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// readFiles reads what a contender has written, and removes it. Its elements are the result of one
// that has told no other.
func (s *Sample) readFiles() error {
	told := s.result != nil
	for _, path := range s.files {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		sum := crc32.New(castagnoli)
		_, err = io.Copy(sum, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		s.bytes = append(s.bytes, sum.Sum32())
		if !told {
			elements, err := peer.Elements(path)
			if err != nil {
				return err
			}
			for _, n := range elements {
				s.result = append(s.result, json.Number(strconv.FormatInt(n, 10)))
			}
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// Measured is everything that the rounds of one case gave.
type Measured struct {
	Case    *Case
	Samples map[string][]Sample // by contender, one per round, in the order of rounds
	// by contender, the largest relative difference of a number from the one that it has to be
	Distance map[string]float64
	Others   float64 // cores that were busy with something else, on average
	Watched  bool    // whether the system tells
}

// measure runs all contenders of a case for a number of rounds. Odd rounds run
// in reverse order, so that whoever profits from coming after whom profits in
// half of the rounds only. Every result is compared before anything is returned.
func measure(ctx context.Context, c *Case, rounds int, progress func(string)) (Measured, error) {
	m := Measured{Case: c, Samples: map[string][]Sample{}, Distance: map[string]float64{}}
	runnable := c.runnable()
	watch := watchOthers()
	for round := range rounds {
		for i := range runnable {
			if round%2 == 1 {
				i = len(runnable) - 1 - i
			}
			contender := runnable[i]
			progress(fmt.Sprintf("%s, round %d of %d: %s", c.Title, round+1, rounds, contender.Name))
			sample, err := runOnce(ctx, contender)
			if err != nil {
				return m, err
			}
			m.Samples[contender.Name] = append(m.Samples[contender.Name], sample)
		}
	}
	m.Others, m.Watched = watch.stop(m)
	return m, m.compare()
}

// compare checks that every contender that computed something computed the same, and that those
// which have to write the same bytes did.
func (m Measured) compare() error {
	want, from := m.Case.Expect, "the file's generator"
	var bytes []uint32
	for _, contender := range m.Case.runnable() {
		if contender.Limit {
			continue
		}
		for round, sample := range m.Samples[contender.Name] {
			if want == nil {
				want, from = sample.result, contender.Name
			}
			if contender.SameBytes && bytes == nil {
				bytes = sample.bytes
			}
			distance, err := sameNumbers(want, sample.result, m.Case.Within)
			if err == nil && contender.SameBytes && !slices.Equal(bytes, sample.bytes) {
				err = fmt.Errorf("the bytes of its files are others: %08x instead of %08x", sample.bytes, bytes)
			}
			if err != nil {
				return fmt.Errorf("%s: %s, round %d, disagrees with %s: %w; nothing is compared in speed that is not equal in result",
					m.Case.Title, contender.Name, round+1, from, err)
			}
			m.Distance[contender.Name] = max(m.Distance[contender.Name], distance)
		}
	}
	return nil
}

// sameNumbers compares numbers, which may differ by so much of each, and tells by how much they do.
func sameNumbers(want, got []json.Number, within float64) (distance float64, err error) {
	if len(want) != len(got) {
		return 0, fmt.Errorf("%d numbers instead of %d", len(got), len(want))
	}
	for i := range want {
		if sameNumber(want[i], got[i]) {
			continue
		}
		x, err1 := want[i].Float64()
		y, err2 := got[i].Float64()
		d := math.Abs(x-y) / math.Abs(x)
		if err1 != nil || err2 != nil || !(d <= within) {
			return 0, fmt.Errorf("number %d is %s instead of %s", i, got[i], want[i])
		}
		distance = max(distance, d)
	}
	return distance, nil
}

// sameNumber compares exactly. Different spellings of one number (1e3, 1000.0)
// are equal if a float64 holds it without rounding.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, err1 := a.Float64()
	y, err2 := b.Float64()
	return err1 == nil && err2 == nil && x == y && -1<<53 <= x && x <= 1<<53
}

// each returns one figure of a contender in every round.
func (m Measured) each(contender string, figure func(Sample) float64) []float64 {
	out := make([]float64, 0, len(m.Samples[contender]))
	for _, s := range m.Samples[contender] {
		out = append(out, figure(s))
	}
	return out
}

func seconds(s Sample) float64 { return s.Seconds }
