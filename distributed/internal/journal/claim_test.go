package journal

import (
	"os"
	"slices"
	"testing"
	"time"
)

// claims are what others than mine have claimed, as [from, to] pairs.
func claims(l *Log, mine string) (all [][2]int64) {
	for _, c := range l.Claims(mine) {
		all = append(all, [2]int64{c.From, c.To})
	}
	return all
}

// TestClaims follows what two attempts have claimed until they end.
func TestClaims(t *testing.T) {
	dir := t.TempDir()
	v, w := newWriter(t, dir, Attempt{Host: "n1"}), newWriter(t, dir, Attempt{Host: "n2"})
	l := fresh(t, dir, 8)
	check := func(when, mine string, want ...[2]int64) {
		t.Helper()
		must(t, l.Refresh(t.Context()))
		if got := claims(l, mine); !slices.Equal(got, want) {
			t.Errorf("%s: claims %v, want %v", when, got, want)
		}
	}
	check("none", "")
	must(t, v.Claim(5, 7))
	check("not on disk", "")
	must(t, v.Flush())
	must(t, w.Claim(0, 2))
	must(t, w.Append(Record{Portion: 0}))
	check("both", "", [2]int64{0, 2}, [2]int64{5, 7})
	check("those of others", v.Name(), [2]int64{0, 2})
	must(t, v.Claim(7, 9)) // the last portion, and publishing
	must(t, v.Flush())
	check("another one", "", [2]int64{0, 2}, [2]int64{7, 9})
	must(t, w.Claim(0, 0))
	must(t, w.Flush())
	check("none any more", "", [2]int64{7, 9})
	must(t, v.End(End{Reason: Done}))
	check("ended", "")
	for _, a := range l.Attempts() {
		if a.Alive != (a.File == w.Name()) {
			t.Errorf("%+v", a)
		}
		if a.File == v.Name() && (a.Claim.From != 7 || a.Claim.To != 9) {
			t.Errorf("its last claim: %+v", a.Claim)
		}
	}
}

// TestClaimsExpire has an attempt that says nothing for the time of its lease, and then does.
func TestClaimsExpire(t *testing.T) {
	dir := t.TempDir()
	w := newWriter(t, dir, Attempt{Host: "n1"})
	must(t, w.Claim(1, 2))
	must(t, w.Flush())
	l := fresh(t, dir, 8)
	l.files[0].heardAt = time.Now().Add(-Lease)
	must(t, l.Refresh(t.Context()))
	if got := claims(l, ""); len(got) != 0 || l.Attempts()[0].Alive {
		t.Errorf("after the lease: %v", got)
	}
	seen := l.files[0].claim.Seen
	must(t, w.Claim(1, 2))
	must(t, w.Flush())
	must(t, l.Refresh(t.Context()))
	if got := l.Claims(""); len(got) != 1 || got[0].Seen != seen || !l.Attempts()[0].Alive {
		t.Errorf("renewed: %+v, seen first at %v", got, seen)
	}
}

// TestClaimsOfTheDead are worth nothing from the moment on when the process is known to have closed
// the journal or died.
func TestClaimsOfTheDead(t *testing.T) {
	if Here() == "" {
		t.Log("this system does not tell who is in it: a lease ends what the dead have claimed")
		return
	}
	dir := t.TempDir()
	w := newWriter(t, dir, Attempt{Host: "n1", PID: os.Getpid(), PIDs: Here()})
	must(t, w.Claim(1, 2))
	must(t, w.Flush())
	dead := newWriter(t, dir, Attempt{Host: "n1", PID: 1<<30 - 1, PIDs: Here()})
	must(t, dead.Claim(3, 4))
	must(t, dead.Flush())
	l := fresh(t, dir, 8)
	if got := claims(l, ""); !slices.Equal(got, [][2]int64{{1, 2}}) {
		t.Errorf("claims %v", got)
	}
	must(t, w.Close())
	if got := claims(l, ""); len(got) != 0 {
		t.Errorf("claims %v of a journal that is closed", got)
	}
}

// TestClaimsOutOfRange neither come to disk nor count.
func TestClaimsOutOfRange(t *testing.T) {
	dir := t.TempDir()
	w := newWriter(t, dir, Attempt{Host: "n1"})
	for _, c := range [][2]int64{{-1, 0}, {2, 1}, {0, MaxPortions + 2}} {
		if w.Claim(c[0], c[1]) == nil {
			t.Errorf("portions %d to %d were claimed", c[0], c[1])
		}
	}
	must(t, w.Claim(8, 10)) // of a plan with 8 portions, 8 is publishing, and 9 nothing
	must(t, w.Flush())
	if got := claims(fresh(t, dir, 8), ""); len(got) != 0 {
		t.Errorf("claims %v", got)
	}
}
