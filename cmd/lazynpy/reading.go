package main

import (
	"strings"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/lazy"
)

// readJSON says how an array is read, why so, and what the choice looked at. Figures that the
// system does not tell are null.
type readJSON struct {
	Backend    string  `json:"backend"`
	Reason     string  `json:"reason"`
	Filesystem *string `json:"filesystem"`
	Remote     bool    `json:"remote"`
	Stripe     *int64  `json:"stripe"`           // bytes that the filesystem likes to be read in
	Available  *int64  `json:"memory_available"` // bytes of a file that the page cache could hold
}

// reading looks at where the file of an array lies.
func (s subject) reading(a *lazy.Array) (*readJSON, error) {
	file, _, _ := lazy.SplitPath(s.name)
	if s.zip != nil {
		file = s.file
	}
	at, err := bytesrc.StorageOf(file)
	if err != nil {
		return nil, err
	}
	r := &readJSON{Remote: at.Remote, Filesystem: known(at.Filesystem), Stripe: known(at.Stripe), Available: known(at.Available)}
	r.Backend, r.Reason = a.Backend()
	return r, nil
}

// known is nil for the zero value.
func known[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// rows is the table for people.
func (r *readJSON) rows() [][]string {
	var parts []string
	if r.Filesystem != nil {
		kind := "local"
		if r.Remote {
			kind = "remote"
		}
		parts = append(parts, *r.Filesystem+" ("+kind+")")
	}
	if r.Stripe != nil {
		parts = append(parts, "read in "+chunk.FormatBytes(*r.Stripe))
	}
	rows := [][]string{{"  read by", r.Backend + ": " + r.Reason}}
	if len(parts) > 0 {
		rows = append(rows, []string{"  storage", strings.Join(parts, ", ")})
	}
	if r.Available != nil {
		rows = append(rows, []string{"  memory", chunk.FormatBytes(*r.Available) + " available for the page cache"})
	}
	return rows
}
