package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"

	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/lazy"
)

const (
	version   = 1
	mostLine  = 4096 // bytes of a request
	mostSlots = 1024
	mostSent  = 16 // requests that are read before they are answered
	mostTold  = 20 // errors that are listed
)

// request is a line of a client. Fields that an operation does not have are nil.
type request struct {
	Op      string          `json:"op"`
	Version *int64          `json:"version"`
	Rank    *int64          `json:"rank"`
	World   *int64          `json:"world"`
	State   json.RawMessage `json:"state"`
	Slots   json.RawMessage `json:"slots"` // a number to open, a list to release
	Step    *int64          `json:"step"`
	Release []int           `json:"release"`

	slots int            // of open; 0 is as many as the feeder likes
	state *dataset.State // likewise; nil is none
	freed []int          // of release and get
}

// fields are those that each operation has besides op.
var fields = map[string]string{
	"open": "version rank world state slots", "get": "step release", "release": "slots", "state": "step", "skipped": "", "close": "",
}

// parse reads a line. What is wrong with it is a protocol error, or one of open's.
func parse(line []byte) (*request, error) {
	var given map[string]json.RawMessage
	if err := strict(line, &given); err != nil {
		return nil, refused(kindProtocol, "no request: %v", err)
	}
	r := &request{}
	if err := strict(line, r); err != nil {
		return nil, refused(kindProtocol, "no request: %v", err)
	}
	known, ok := fields[r.Op]
	if !ok {
		return nil, refused(kindProtocol, "unknown op %.40q", r.Op)
	}
	for name := range given {
		if name != "op" && !strings.Contains(" "+known+" ", " "+name+" ") {
			return nil, refused(kindProtocol, "%s has no field %.40q", r.Op, name)
		}
	}
	return r, r.check()
}

// strict reads one JSON value and nothing else.
func strict(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

func (r *request) check() error {
	r.freed = r.Release
	switch r.Op {
	case "open":
		return r.checkOpen()
	case "get", "state":
		if r.Step == nil || *r.Step < 0 {
			return refused(kindProtocol, "%s needs a step, which is not negative", r.Op)
		}
	case "release":
		if err := json.Unmarshal(r.Slots, &r.freed); err != nil {
			return refused(kindProtocol, "release needs a list of slots")
		}
	}
	return nil
}

func (r *request) checkOpen() error {
	if r.Version == nil || *r.Version != version {
		have := "none"
		if r.Version != nil {
			have = fmt.Sprint(*r.Version)
		}
		return refused(kindVersion, "version %s of the protocol is asked for, and this feeder speaks %d", have, version)
	}
	if r.Slots != nil {
		if err := json.Unmarshal(r.Slots, &r.slots); err != nil || r.slots < 1 || r.slots > mostSlots {
			return refused(kindConfig, "slots %.40s is no number from 1 to %d", r.Slots, mostSlots)
		}
	}
	if r.State != nil && string(r.State) != "null" {
		var err error
		if r.state, err = dataset.ParseState(r.State); err != nil {
			return err
		}
	}
	for _, n := range []*int64{r.Rank, r.World} {
		if n != nil && (*n < 0 || *n > math.MaxInt32) {
			return refused(kindConfig, "rank or world %d out of range 0 to %d", *n, math.MaxInt32)
		}
	}
	return nil
}

// What kinds of errors there are; docs/feed.md says what they mean.
const (
	kindEnd       = "end"
	kindRange     = "range"
	kindSlots     = "slots"
	kindData      = "data"
	kindChanged   = "changed"
	kindTransform = "transform"
	kindState     = "state"
	kindConfig    = "config"
	kindMissing   = "missing"
	kindMemory    = "memory"
	kindVersion   = "version"
	kindProtocol  = "protocol"
	kindInternal  = "internal"
)

// refusal is an error with a kind.
type refusal struct {
	kind string
	err  error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refused(kind, format string, args ...any) error {
	return &refusal{kind, fmt.Errorf(format, args...)}
}

// kindOf tells errors of a data set apart.
func kindOf(err error) string {
	refusal, sample, transform := (*refusal)(nil), (*dataset.SampleError)(nil), (*dataset.TransformError)(nil)
	switch {
	case errors.As(err, &refusal):
		return refusal.kind
	case errors.As(err, &transform):
		return kindTransform
	case errors.Is(err, dataset.ErrState):
		return kindState
	case errors.Is(err, dataset.ErrMemory):
		return kindMemory
	case errors.Is(err, lazy.ErrChanged), errors.Is(err, fs.ErrNotExist):
		return kindChanged
	case errors.As(err, &sample):
		return kindData
	}
	return kindInternal
}

// failure is the reply that is an error.
type failure struct {
	OK     bool   `json:"ok"`
	Kind   string `json:"kind"`
	Error  string `json:"error"`
	File   string `json:"file,omitempty"`
	Member string `json:"member,omitempty"`
	Index  *int64 `json:"index,omitempty"`
	Sample *int64 `json:"sample,omitempty"`
}

// mostText is the bytes of an error that a reply has.
const mostText = 2048

func failed(err error) failure {
	f := failure{Kind: kindOf(err), Error: oneLine(err)}
	if e, ok := errors.AsType[*dataset.SampleError](err); ok {
		f.File, f.Member, f.Index, f.Sample = e.File, e.Member, &e.Index, &e.Sample
	}
	return f
}

func oneLine(err error) string {
	text := strings.NewReplacer("\n", " ", "\r", " ").Replace(err.Error())
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + "…"
	}
	return text
}

// done is the reply that says nothing else.
type done struct {
	OK bool `json:"ok"`
}

// opened is the reply to open.
type opened struct {
	OK          bool     `json:"ok"`
	Version     int      `json:"version"`
	Rank        int      `json:"rank"`
	World       int      `json:"world"`
	Batch       int64    `json:"batch"`
	Samples     int64    `json:"samples"`
	Steps       int64    `json:"steps"`
	First       int64    `json:"first"`
	Epoch       int64    `json:"epoch"`
	NextEpoch   int64    `json:"next_epoch"`
	End         *int64   `json:"end"`
	Epochs      *int64   `json:"epochs"`
	Columns     []column `json:"columns"`
	Order       string   `json:"order"`
	Slots       int      `json:"slots"`
	SlotBytes   int64    `json:"slot_bytes"`
	Fingerprint string   `json:"fingerprint"`
}

// column is an array of batches; in the reply to get it has an offset in the ring.
type column struct {
	Name   string  `json:"name"`
	Role   string  `json:"role"`
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`
	Offset *int64  `json:"offset,omitempty"`
}

// got is the reply to get.
type got struct {
	OK     bool     `json:"ok"`
	Step   int64    `json:"step"`
	Epoch  int64    `json:"epoch"`
	Slot   int      `json:"slot"`
	Rows   int64    `json:"rows"`
	Arrays []column `json:"arrays"`
}

// stated is the reply to state.
type stated struct {
	OK    bool          `json:"ok"`
	State dataset.State `json:"state"`
}

// told is the reply to skipped.
type told struct {
	OK     bool     `json:"ok"`
	Count  int64    `json:"count"`
	Errors []string `json:"errors"`
}
