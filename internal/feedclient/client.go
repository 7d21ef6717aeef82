//go:build unix

// Package feedclient is a client of lazynpy feed, written from docs/feed.md and without package
// feed, for tests of it. A Client belongs to one goroutine.
package feedclient

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// Client is a connection after open.
type Client struct {
	Conn   *net.UnixConn
	Opened Reply
	Ring   []byte

	in *bufio.Reader
}

// Reply is what all replies have between them.
type Reply struct {
	OK          bool
	Kind, Error string
	File        string
	Member      string
	Index       *int64
	Sample      *int64

	Version, Rank, World, Batch, Samples, Steps, First, Epoch int64
	NextEpoch                                                 int64 `json:"next_epoch"`
	End, Epochs                                               *int64
	Columns, Arrays                                           []Array
	Order, Fingerprint                                        string
	Slots                                                     int
	SlotBytes                                                 int64 `json:"slot_bytes"`

	Step, Rows int64
	Slot       int

	State  json.RawMessage
	Count  int64
	Errors []string
}

// Array is an array of a batch; Offset is in the ring.
type Array struct {
	Name, Role, DType string
	Shape             []int64
	Offset            int64
}

// Refused is a reply that is an error.
type Refused struct{ Reply Reply }

func (r *Refused) Error() string { return r.Reply.Kind + ": " + r.Reply.Error }

// Kind is that of an error, or empty.
func Kind(err error) string {
	if r, ok := errors.AsType[*Refused](err); ok {
		return r.Reply.Kind
	}
	return ""
}

// Fields are those of a request.
type Fields map[string]any

// Dial connects to a socket file and opens.
func Dial(path string, open Fields) (*Client, error) {
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return Over(c, open)
}

// Over opens over a connection. It is closed if that fails.
func Over(conn *net.UnixConn, open Fields) (*Client, error) {
	c := &Client{Conn: conn, in: bufio.NewReader(conn)}
	if err := c.open(open); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *Client) open(fields Fields) error {
	request := Fields{"op": "open", "version": 1}
	for k, v := range fields {
		request[k] = v
	}
	if err := c.Send(request); err != nil {
		return err
	}
	// The descriptor comes with the first byte.
	first, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	n, m, _, _, err := c.Conn.ReadMsgUnix(first, rights)
	if err != nil {
		return err
	}
	if n == 0 {
		return errors.New("the feeder has ended")
	}
	rest, err := c.in.ReadBytes('\n')
	if err != nil {
		return err
	}
	if c.Opened, err = parse(append(first, rest...)); err != nil {
		return err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:m])
	if err != nil {
		return err
	}
	if len(messages) != 1 {
		return fmt.Errorf("%d messages with descriptors", len(messages))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return err
	}
	defer unix.Close(fds[0])
	c.Ring, err = unix.Mmap(fds[0], 0, c.Opened.Slots*int(c.Opened.SlotBytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return err
}

// Send sends a request and waits for nothing.
func (c *Client) Send(request any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	_, err = c.Conn.Write(append(line, '\n'))
	return err
}

// Receive waits for a reply. One that is an error is a [*Refused].
func (c *Client) Receive() (Reply, error) {
	line, err := c.in.ReadBytes('\n')
	if err != nil {
		return Reply{}, err
	}
	return parse(line)
}

func parse(line []byte) (Reply, error) {
	var r Reply
	if err := json.Unmarshal(line, &r); err != nil {
		return r, err
	}
	if !r.OK {
		return r, &Refused{r}
	}
	return r, nil
}

// Ask sends a request and waits for its reply.
func (c *Client) Ask(request any) (Reply, error) {
	if err := c.Send(request); err != nil {
		return Reply{}, err
	}
	return c.Receive()
}

// Get asks for a batch.
func (c *Client) Get(step int64, release ...int) (Reply, error) {
	return c.Ask(Fields{"op": "get", "step": step, "release": append([]int{}, release...)})
}

// Bytes are those of an array, of so many bytes each element.
func (c *Client) Bytes(a Array, size int64) []byte {
	for _, n := range a.Shape {
		size *= n
	}
	return c.Ring[a.Offset : a.Offset+size : a.Offset+size]
}

// Close ends the connection and unmaps the ring.
func (c *Client) Close() error { return errors.Join(c.Conn.Close(), unix.Munmap(c.Ring)) }
