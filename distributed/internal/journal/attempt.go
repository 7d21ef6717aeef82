package journal

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Attempt says who wrote a journal. One that cannot be read has the host "unknown" and nothing
// else.
type Attempt struct {
	Host string `json:"host"`
	PID  int    `json:"pid"`
	// the list of processes that PID is in, see [Here]; "" is not known
	PIDs    string    `json:"pids,omitempty"`
	Node    string    `json:"node,omitempty"` // what the engine calls the host, if it does
	Engine  string    `json:"engine"`         // as "slurm"
	Job     string    `json:"job"`            // what the engine calls the job
	Index   int       `json:"index"`          // that its scheduler gave it, from 0
	Started time.Time `json:"started"`
}

// String names the attempt in a message.
func (a Attempt) String() string {
	return fmt.Sprintf("host %q, pid %d, index %d", a.Host, a.PID, a.Index)
}

// The reasons that attempts end for.
const (
	Done        = "done"        // nothing was left to do
	Interrupted = "interrupted" // it was told to end
	Refused     = "refused"     // the plan, the input or the program was not the right one
	Failed      = "failed"
	Unknown     = "unknown" // what was said cannot be read
)

// End says why an attempt ended. One that cannot be read has the reason Unknown and nothing else.
type End struct {
	Reason string `json:"reason"`
	Error  string `json:"error,omitempty"` // one line; shortened to 8 KiB when it is written
}

// shortened has strings that fit a frame.
func (a Attempt) shortened() Attempt {
	a.Host, a.Engine, a.Job = shorten(a.Host, maxText), shorten(a.Engine, maxText), shorten(a.Job, maxText)
	a.PIDs, a.Node = shorten(a.PIDs, maxText), shorten(a.Node, maxText)
	return a
}

func (e End) shortened() End {
	return End{Reason: shorten(e.Reason, maxText), Error: shorten(e.Error, maxError)}
}

// shorten cuts s to at most n bytes, between characters.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// readAttempt is the attempt in a payload; nil is a payload that could not be read.
func readAttempt(b []byte) Attempt {
	var a Attempt
	if json.Unmarshal(b, &a) != nil {
		return Attempt{Host: "unknown"}
	}
	return a
}

// readEnd is the end in a payload; nil is a payload that could not be read.
func readEnd(b []byte) End {
	var e End
	if json.Unmarshal(b, &e) != nil {
		return End{Reason: Unknown}
	}
	return e
}
