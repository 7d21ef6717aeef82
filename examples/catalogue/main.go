// Catalogue reads a structured array as Go structs: no element is decoded before it
// is looked at, and where NumPy lays records out as Go does, none at all.
//
//	go run ./examples/catalogue stars.npy
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Star is one record of an array of dtype
// [('name', 'S8'), ('mag', '<f4'), ('pos', '<f8', (2,))], which NumPy packs, or aligns with
// align=True.
type Star struct {
	Name [8]byte
	Mag  float32
	_    [4]byte // where align=True has padding, also on machines where Go has none
	Pos  [2]float64
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: catalogue STARS.npy")
		os.Exit(2)
	}
	if err := run(os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, path string) error {
	f, err := mmapnpy.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	stars, err := mmapnpy.View[Star](f) // checked field by field
	if err != nil {
		return err
	}
	for s := range stars.All() {
		if s.Mag < 1 {
			fmt.Fprintf(w, "%s %.2f at %.3f %+.3f\n", s.Name[:], s.Mag, s.Pos[0], s.Pos[1])
		}
	}
	return nil
}
