package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
)

// The test binary is a contender of its own: what it does is in its environment.
const behavior = "BENCH_TEST_CONTENDER"

func TestMain(m *testing.M) {
	switch what := os.Getenv(behavior); what {
	case "":
		os.Exit(m.Run())
	case "crash":
		fmt.Fprintln(os.Stderr, "no such luck")
		os.Exit(3)
	case "allocate":
		held := make([]byte, 64<<20)
		for i := range held {
			held[i] = 1
		}
		time.Sleep(10 * familyEvery * memorySampling) // so that a sample falls into it
		fmt.Println(`{"result": [1], "seconds": 1, "peak_rss": 70000000}`)
		runtime.KeepAlive(held)
	case "family":
		family()
	case "write":
		// a folder, the content of a file in it, quoted, and a result
		path := filepath.Join(os.Args[1], "x.npy")
		content, err := strconv.Unquote(os.Args[2])
		if err == nil {
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf(`{"result": %s, "seconds": 1, "files": [%q], "used": {"cpu_seconds": 2, "written": 3}}`, os.Args[3], path)
	default:
		fmt.Println(what)
	}
}

// family starts two of the contenders that allocate, and waits for them.
func family() {
	var children []*exec.Cmd
	for range 2 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), behavior+"=allocate")
		if err := c.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		children = append(children, c)
	}
	for _, c := range children {
		if err := c.Wait(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	fmt.Println(`{"result": [1], "seconds": 1, "peak_rss": 7000000}`)
}

// contender answers with a fixed text.
func contender(t *testing.T, name, answer string) Contender {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Contender{Name: name, Command: []string{self}, Env: []string{behavior + "=" + answer}}
}

func TestMeasureInterleaves(t *testing.T) {
	c := Case{Title: "order", Contenders: []Contender{
		contender(t, "a", `{"result": [1, 2], "seconds": 0.5}`),
		contender(t, "b", `{"result": [1.0, 2e0], "seconds": 1}`),
		{Name: "c", NotRun: "no python"},
	}}
	var order []string
	m, err := measure(t.Context(), &c, 3, func(text string) { order = append(order, text[len(text)-1:]) })
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "abbaab" {
		t.Errorf("ran in the order %s, want abbaab", got)
	}
	if got := pairedRatio(m.each("b", seconds), m.each("a", seconds)); got.Median != 2 {
		t.Errorf("a is %v times as fast as b, want 2", got.Median)
	}
	if len(m.Samples["c"]) != 0 {
		t.Error("a contender that cannot run has samples")
	}
}

func TestMeasureRefusesDifferentResults(t *testing.T) {
	const right, wrong = `{"result": [1, 2], "seconds": 1}`, `{"result": [1, 3], "seconds": 1}`
	for _, c := range []struct {
		name string
		Case
		want string // part of the error
	}{
		{"two contenders", Case{Contenders: []Contender{contender(t, "a", right), contender(t, "b", wrong)}}, "b, round 1, disagrees with a"},
		{"the generator", Case{Expect: []json.Number{"1", "3"}, Contenders: []Contender{contender(t, "a", right)}}, "disagrees with the file's generator"},
		{"too few numbers", Case{Expect: []json.Number{"1"}, Contenders: []Contender{contender(t, "a", right)}}, "2 numbers instead of 1"},
	} {
		_, err := measure(t.Context(), &c.Case, 1, func(string) {})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

// writes is a contender that writes a file into a directory made for it, and tells a result.
func writes(t *testing.T, name, dir, content, result string) Contender {
	c := contender(t, name, "write")
	c.Out = filepath.Join(dir, "out")
	c.Command = append(c.Command, c.Out, strconv.Quote(content), result)
	return c
}

// array is a .npy file of one uint16.
func array(element string) string {
	head := "\x93NUMPY\x01\x00\x76\x00{'descr': '<u2', 'fortran_order': False, 'shape': (1,)}"
	return head + strings.Repeat(" ", 127-len(head)) + "\n" + element
}

func TestMeasureReadsFiles(t *testing.T) {
	dir := t.TempDir()
	same := func(c Contender) Contender {
		c.SameBytes = true
		return c
	}
	for _, c := range []struct {
		name string
		Case
		want string // part of the error
	}{
		{"elements", Case{Contenders: []Contender{writes(t, "a", dir, array("xy"), "null"), writes(t, "b", dir, array("xy"), "null")}}, ""},
		{"other elements", Case{Contenders: []Contender{writes(t, "a", dir, array("xy"), "null"), writes(t, "b", dir, array("xz"), "null")}}, "number 1 is"},
		{"numbers, whatever the files", Case{Contenders: []Contender{writes(t, "a", dir, "xy", "[1]"), writes(t, "b", dir, "z", "[1]")}}, ""},
		{"bytes", Case{Contenders: []Contender{same(writes(t, "a", dir, "xy", "[1]")), same(writes(t, "b", dir, "xy", "[1]")), writes(t, "c", dir, "z", "[1]")}}, ""},
		{"other bytes", Case{Contenders: []Contender{same(writes(t, "a", dir, "xy", "[1]")), same(writes(t, "b", dir, "z", "[1]"))}}, "b, round 1, disagrees with a: the bytes of its files"},
		{"no file", Case{Contenders: []Contender{contender(t, "a", `{"result": [1], "seconds": 1, "files": ["none"]}`)}}, "none"},
	} {
		m, err := measure(t.Context(), &c.Case, 1, func(string) {})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
		if err == nil && m.Samples["a"][0].Used != (peer.Usage{CPUSeconds: 2, Written: 3}) {
			t.Errorf("%s: used %+v", c.name, m.Samples["a"][0].Used)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", c.name, left, err)
		}
	}
}

func TestMeasureWithin(t *testing.T) {
	c := Case{Within: 1e-3, Contenders: []Contender{
		contender(t, "a", `{"result": [1, 1000], "seconds": 1}`),
		contender(t, "b", `{"result": [1.0005, 1000.25], "seconds": 1}`),
	}}
	m, err := measure(t.Context(), &c, 1, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if d := m.Distance["b"]; d < 4.9e-4 || d > 5.1e-4 || m.Distance["a"] != 0 {
		t.Errorf("distances are %v", m.Distance)
	}
	c.Within = 1e-4
	if _, err := measure(t.Context(), &c, 1, func(string) {}); err == nil || !strings.Contains(err.Error(), "number 0 is 1.0005 instead of 1") {
		t.Errorf("error is %v", err)
	}
}

func TestMeasureDoesNotCompareLimits(t *testing.T) {
	c := Case{Contenders: []Contender{
		contender(t, "a", `{"result": [1], "seconds": 1}`),
		contender(t, "machine", `{"result": null, "seconds": 1}`).limit(),
	}}
	if _, err := measure(t.Context(), &c, 1, func(string) {}); err != nil {
		t.Error(err)
	}
}

func TestRunOnceTellsWhatWentWrong(t *testing.T) {
	for answer, want := range map[string]string{
		"crash":            "no such luck",
		"nonsense":         "not one JSON object",
		`{"result": [1]}`:  "no time",
		`{"seconds": "1"}`: "not one JSON object",
	} {
		c := contender(t, "a", answer)
		if _, err := runOnce(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", answer, err, want)
		}
	}
}

func TestRunOnceWatchesMemory(t *testing.T) {
	c := contender(t, "a", "allocate")
	s, err := runOnce(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if s.PeakRSS != 70000000 {
		t.Errorf("peak RSS is %v, not what the contender said", s.PeakRSS)
	}
	if s.Wall <= 0 || s.CPU <= 0 {
		t.Errorf("wall %v s, CPU %v s", s.Wall, s.CPU)
	}
	if _, err := os.Stat("/proc/self/status"); err == nil && s.PeakAnon < 32<<20 {
		t.Errorf("sampled anonymous memory is %v bytes of 64 MiB", s.PeakAnon)
	}
}

func TestRunOnceWatchesChildren(t *testing.T) {
	s, err := runOnce(t.Context(), contender(t, "a", "family"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/self/status"); err == nil && (s.PeakRSS < 96<<20 || s.PeakAnon < 96<<20) {
		t.Errorf("sampled %v bytes, %v of them anonymous, of twice 64 MiB", s.PeakRSS, s.PeakAnon)
	}
}

// Processes of other parents belong to a contender if they name its directory.
func TestFamilyByDirectory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	dir := t.TempDir()
	other := exec.Command("sleep", "60")
	other.Args = append([]string{"work " + dir + "/run"}, other.Args[1:]...)
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	mine := exec.Command("sleep", "60")
	if err := mine.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = mine.Process.Kill()
		_ = mine.Wait()
	}()
	want := []int{mine.Process.Pid, other.Process.Pid}
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(familyOf(mine.Process.Pid, dir))); !slices.Equal(got, want) {
		t.Errorf("family is %v, want %v", got, want)
	}
	if got := familyOf(mine.Process.Pid, ""); len(got) != 1 {
		t.Errorf("family is %v", got)
	}
}

func TestParentOf(t *testing.T) {
	for _, c := range []struct {
		stat        string
		pid, parent int
		ok          bool
	}{
		{"12 (go) S 7 12 12 0", 12, 7, true},
		{"13 (a) R 9 (b) D 12 13 13 0", 13, 12, true},
		{"14 (cut", 0, 0, false},
		{"x (go) S 7 12", 0, 0, false},
		{"", 0, 0, false},
	} {
		if pid, parent, ok := parentOf(c.stat); ok != c.ok || ok && (pid != c.pid || parent != c.parent) {
			t.Errorf("%q: %d of %d, %v", c.stat, pid, parent, ok)
		}
	}
}

func TestSameNumber(t *testing.T) {
	for _, c := range []struct {
		a, b json.Number
		want bool
	}{
		{"1", "1", true},
		{"1", "1.0", true},
		{"1e3", "1000", true},
		{"1", "2", false},
		{"0.1", "0.1000000000000001", false},
		{"18446744073709551615", "18446744073709551615", true},
		{"18446744073709551615", "18446744073709551614", false}, // equal as float64
	} {
		if got := sameNumber(c.a, c.b); got != c.want {
			t.Errorf("sameNumber(%s, %s) = %v", c.a, c.b, got)
		}
	}
}

func TestVerdicts(t *testing.T) {
	c := Case{Targets: []Target{
		atLeastAsFast(2, "slow"),
		atLeastAsFast(4, "slow"),
		atLeastAsFast(1, "absent"),
		atMost(3, "s", "", seconds),
		reachesOurs(0.3, "slow", ours),
		reachesOurs(0.4, "slow", ours),
		reachesOurs(0.1, "absent", ours),
	}}
	m := Measured{Case: &c, Samples: map[string][]Sample{
		ours:   {{Seconds: 1}, {Seconds: 2}, {Seconds: 1}},
		"slow": {{Seconds: 3}, {Seconds: 6}, {Seconds: 3}},
	}}
	var words []string
	for _, v := range m.verdicts() {
		words = append(words, v.word())
	}
	if want := []string{"met", "MISSED", "–", "met", "met", "MISSED", "–"}; !slices.Equal(words, want) {
		t.Errorf("verdicts are %q, want %q", words, want)
	}
}
