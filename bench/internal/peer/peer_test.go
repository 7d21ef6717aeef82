package peer

import (
	"errors"
	"testing"
)

func TestStatusBytes(t *testing.T) {
	const status = "Name:\tx\nVmHWM:\t    1234 kB\nRssAnon:\t       0 kB\nRssFile:\tmany kB\n"
	for key, want := range map[string]int64{"VmHWM": 1234 << 10, "RssAnon": 0, "RssFile": 0, "Absent": 0, "VmHW": 0} {
		if got := StatusBytes(status, key); got != want {
			t.Errorf("StatusBytes(%s) = %d, want %d", key, got, want)
		}
	}
}

func TestParamsInt(t *testing.T) {
	p := Params{"a": "12", "b": "x"}
	if v, err := p.Int("a", 1); v != 12 || err != nil {
		t.Errorf("a is %d, %v", v, err)
	}
	if v, err := p.Int("absent", 7); v != 7 || err != nil {
		t.Errorf("absent is %d, %v", v, err)
	}
	if _, err := p.Int("b", 1); err == nil {
		t.Error("no error for a number that is none")
	}
}

func TestRepeat(t *testing.T) {
	calls := 0
	first, median, err := Repeat(5, func() error { calls++; return nil })
	if err != nil || calls != 5 || first < 0 || median < 0 {
		t.Errorf("%d calls, first %v, median %v, %v", calls, first, median, err)
	}
	trouble := errors.New("trouble")
	if _, _, err := Repeat(5, func() error { return trouble }); !errors.Is(err, trouble) {
		t.Errorf("error is %v", err)
	}
}
