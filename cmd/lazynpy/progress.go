package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
)

// redraw is the shortest time between two drawings of a bar.
const redraw = 100 * time.Millisecond

// bar draws the progress of one pass on a terminal. A nil bar, which is what
// anything but a terminal gets, draws nothing. It is not safe for concurrent use.
type bar struct {
	w           io.Writer
	columns     func() int
	now         func() time.Time
	label       string
	start, last time.Time
}

// newBar returns a bar if standard error is a terminal, and there is a label.
func (c *cli) newBar(label string) *bar {
	if label == "" || !isTerminal(c.stderr) {
		return nil
	}
	return &bar{w: c.stderr, columns: func() int { return columns(c.stderr) }, now: time.Now, label: label}
}

// track makes the passes over a draw a bar. Finish it.
func (c *cli) track(a *lazy.Array, label string) (*lazy.Array, *bar, error) {
	b := c.newBar(label)
	if b == nil {
		return a, nil, nil
	}
	a, err := a.With(lazy.Progress(b.set))
	return a, b, err
}

// set says how many bytes are done. A bar that has reached the end starts anew
// with the next pass.
func (b *bar) set(done, total int64) {
	if b == nil {
		return
	}
	now := b.now()
	switch {
	case done >= total:
		b.start = time.Time{}
	case b.start.IsZero():
		b.start, b.last = now, now // nothing to say about the speed yet
	case now.Sub(b.last) >= redraw:
		b.last = now
		b.draw(done, total, now.Sub(b.start))
	}
}

func (b *bar) draw(done, total int64, elapsed time.Duration) {
	share := float64(done) / float64(total)
	eta := time.Duration(float64(elapsed) * (1/share - 1)).Round(time.Second)
	b.paint(share, fmt.Sprintf(" %3.0f%% of %s  %s  %s left", 100*share, chunk.FormatBytes(total), rate(done, elapsed), eta))
}

// paint draws a bar with a text behind it.
func (b *bar) paint(share float64, tail string) {
	room := max(min(b.columns()-len(b.label)-len(tail)-4, 40), 0)
	full := int(share * float64(room))
	fmt.Fprintf(b.w, "\r%s [%s%s]%s\x1b[K", b.label, strings.Repeat("█", full), strings.Repeat("░", room-full), tail)
}

// status draws what a distributed run says of itself.
func (b *bar) status(s distributed.Status) {
	if b == nil || s.Bytes == 0 {
		return
	}
	if now := b.now(); now.Sub(b.last) >= redraw {
		b.last = now
		share := float64(s.BytesDone) / float64(s.Bytes)
		b.paint(share, fmt.Sprintf(" %3.0f%% of %s%s", 100*share, chunk.FormatBytes(s.Bytes), speedText(s, "  ")))
	}
}

// speedText is the rate of a run and the time that is left, as far as they are known, each behind
// sep.
func speedText(s distributed.Status, sep string) string {
	text := ""
	if s.Rate > 0 {
		text += sep + rate(int64(s.Rate), time.Second)
	}
	if s.ETA > 0 {
		// What is left may be years at the rate of the first second, and more than a Duration
		// holds.
		text += sep + time.Duration(min(s.ETA, 1e9)*float64(time.Second)).Round(time.Second).String() + " left"
	}
	return text
}

// finish wipes the bar away.
func (b *bar) finish() {
	if b != nil && !b.last.IsZero() {
		fmt.Fprint(b.w, "\r\x1b[K")
	}
}

// rate is a speed in decimal units, as memory and disks are sold.
func rate(bytes int64, d time.Duration) string {
	v := float64(bytes) / max(d.Seconds(), 1e-9)
	if v < 1e8 {
		return fmt.Sprintf("%.1f MB/s", v/1e6)
	}
	return fmt.Sprintf("%.1f GB/s", v/1e9)
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := fileOf(w)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalSize is the size of a terminal in characters, and 80 x 50 for anything
// else.
func terminalSize(w io.Writer) (columns, lines int) {
	if f, ok := fileOf(w); ok {
		if columns, lines, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 && lines > 2 {
			return columns, lines
		}
	}
	return 80, 50
}

// columns is the width of a terminal.
func columns(w io.Writer) int {
	n, _ := terminalSize(w)
	return n
}

// wantsColour reports whether w is a terminal that may be sent colours.
func wantsColour(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
