package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
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
		if _, err := runOnce(t.Context(), c.Command, c.Env); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", answer, err, want)
		}
	}
}

func TestRunOnceWatchesMemory(t *testing.T) {
	c := contender(t, "a", "allocate")
	s, err := runOnce(t.Context(), c.Command, c.Env)
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
	s, err := runOnce(t.Context(), contender(t, "a", "").Command, []string{behavior + "=family"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/self/status"); err == nil && (s.PeakRSS < 96<<20 || s.PeakAnon < 96<<20) {
		t.Errorf("sampled %v bytes, %v of them anonymous, of twice 64 MiB", s.PeakRSS, s.PeakAnon)
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
	}}
	m := Measured{Case: &c, Samples: map[string][]Sample{
		ours:   {{Seconds: 1}, {Seconds: 2}, {Seconds: 1}},
		"slow": {{Seconds: 3}, {Seconds: 6}, {Seconds: 3}},
	}}
	var words []string
	for _, v := range m.verdicts() {
		words = append(words, v.word())
	}
	if want := []string{"met", "MISSED", "–", "met"}; !slices.Equal(words, want) {
		t.Errorf("verdicts are %q, want %q", words, want)
	}
}
