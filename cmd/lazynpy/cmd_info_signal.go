package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/signal"
)

// calibration says what the sidecar of an array knows of its axes; nothing where there is none.
// What is wrong with a sidecar is told as well: the array can be read without.
func calibration(s subject) [][]string {
	if _, err := os.Stat(signal.SidecarPath(s.file)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	sig, err := signal.Read(s.name)
	if err != nil {
		return [][]string{{"  sidecar", printable(err.Error())}}
	}
	defer sig.Close()
	if sig.Sidecar() == "" {
		return nil // it is about other members
	}
	rows := [][]string{{"  sidecar", printable(sig.Sidecar())}}
	for d, ax := range sig.Data.Axes() {
		rows = append(rows, []string{"  axis " + strconv.Itoa(d), printable(axisText(ax, sig.Axes[d]))})
	}
	return rows
}

// axisText describes an axis, as in "x: 128 from 10 to 12.54 nm, navigation".
func axisText(ax lazy.Axis, known signal.Axis) string {
	text := strconv.FormatInt(ax.Size, 10)
	if known.Name != "" {
		text = known.Name + ": " + text
	}
	if ax.Size > 0 {
		text += fmt.Sprintf(" from %v to %v", known.Value(0), known.Value(ax.Size-1))
	}
	if known.Units != "" {
		text += " " + known.Units
	}
	if ax.Navigate {
		return text + ", navigation"
	}
	return text + ", signal"
}
