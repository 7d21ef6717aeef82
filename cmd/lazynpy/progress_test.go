package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestBar(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	b := &bar{w: &out, columns: func() int { return 60 }, now: func() time.Time { return now }, label: "read"}
	b.set(0, 4<<30)
	if out.Len() > 0 {
		t.Errorf("drew %q before anything was known", out.String())
	}
	now = now.Add(500 * time.Millisecond)
	b.set(1<<30, 4<<30)
	got := out.String()
	for _, want := range []string{"\rread [", "25% of 4 GiB", "2.1 GB/s", "2s left", "█", "░"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if n := len([]rune(strings.Trim(got, "\r\x1b[K"))); n > 60 {
		t.Errorf("the bar is %d wide: %q", n, got)
	}
	out.Reset()
	now = now.Add(redraw / 2)
	b.set(2<<30, 4<<30)
	if out.Len() > 0 {
		t.Errorf("drew again after %v", redraw/2)
	}
	b.finish()
	if out.String() != "\r\x1b[K" {
		t.Errorf("finish wrote %q", out.String())
	}
}

func TestNoBarWithoutTerminal(t *testing.T) {
	c := &cli{stderr: &bytes.Buffer{}}
	b := c.newBar("read")
	if b != nil {
		t.Fatal("a buffer is no terminal")
	}
	b.set(1, 2)
	b.finish()
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		bytes int64
		d     time.Duration
		want  string
	}{{2e9, time.Second, "2.0 GB/s"}, {5e7, time.Second, "50.0 MB/s"}, {3e8, 2 * time.Second, "0.1 GB/s"}} {
		if got := rate(c.bytes, c.d); got != c.want {
			t.Errorf("rate(%d, %v) = %q, want %q", c.bytes, c.d, got, c.want)
		}
	}
}
