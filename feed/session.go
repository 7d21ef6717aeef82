package feed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net"
	"time"

	"github.com/lazynpy/lazynpy/dataset"
)

// session is one client. All but the reading of its requests happens on one goroutine.
type session struct {
	f    *feeder
	conn *net.UnixConn
	ctx  context.Context //nolint:containedctx // that of the connection

	d        *dataset.Dataset // nil before open
	ring     *ring
	end      int64
	held     []bool // slots that the client has
	free     []int  // slots that nobody has
	ahead    map[int64]*job
	reading  int       // jobs that workers have, or may have
	finished chan *job // of the workers

	// last is the batch that was asked for last, step the distance to it from the one before, and
	// stride that of the batches behind it which are read ahead, window of them.
	last, step, stride int64
	window             int
}

// serve answers the requests of a client until it is gone, and closes the connection.
func (f *feeder) serve(ctx context.Context, c *net.UnixConn) {
	ctx, cancel := context.WithCancel(ctx)
	s := &session{f: f, conn: c, ctx: ctx}
	lines, over := make(chan []byte, mostSent), make(chan struct{})
	go func() {
		defer close(over)
		defer cancel()
		s.listen(lines)
	}()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	s.answer(lines)
	cancel()
	stop()
	c.Close()
	<-over
	s.close()
}

// listen reads requests. One that is too long comes as nil, and is the last.
func (s *session) listen(lines chan<- []byte) {
	in := bufio.NewReaderSize(s.conn, mostLine)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
		if err == nil {
			line = append([]byte{}, line...)
		} else {
			line = nil
		}
		select {
		case lines <- line:
		case <-s.ctx.Done():
			return
		}
		if line == nil {
			<-s.ctx.Done() // the reply ends it
			return
		}
	}
}

// answer carries out requests.
func (s *session) answer(lines <-chan []byte) {
	for {
		select {
		case <-s.ctx.Done():
			return
		case j := <-s.finished:
			s.finish(j)
			s.readAhead()
		case line := <-lines:
			if !s.reply(line) {
				return
			}
		}
	}
}

// reply answers a request, and is false if it is the last.
func (s *session) reply(line []byte) bool {
	r, err := &request{}, refused(kindProtocol, "a request has at most %d bytes", mostLine)
	if line != nil {
		r, err = parse(line)
	}
	var reply any
	if err == nil {
		reply, err = s.carryOut(r)
	}
	if s.ctx.Err() != nil {
		return false
	}
	if err != nil {
		f := failed(err)
		return send(s.conn, f) == nil && f.Kind != kindProtocol && f.Kind != kindVersion
	}
	return (reply == nil || send(s.conn, reply) == nil) && r.Op != "close"
}

// carryOut does what is asked for. A reply of nil was sent.
func (s *session) carryOut(r *request) (any, error) {
	if s.d == nil != (r.Op == "open") && r.Op != "close" {
		if s.d == nil {
			return nil, refused(kindProtocol, "%s before open", r.Op)
		}
		return nil, refused(kindProtocol, "open is there once")
	}
	if err := s.release(r.freed); err != nil {
		return nil, err
	}
	switch r.Op {
	case "open":
		return nil, s.open(r)
	case "get":
		return s.get(*r.Step)
	case "release":
		s.readAhead()
	case "state":
		if *r.Step > s.end {
			return nil, refused(kindEnd, "batch %d lies behind the end, which is %d", *r.Step, s.end)
		}
		state, err := s.d.State(*r.Step)
		if err != nil {
			return nil, &refusal{kindRange, err}
		}
		return stated{true, state}, nil
	case "skipped":
		n, list := s.d.Skipped()
		reply := told{true, n, []string{}}
		for _, e := range list[:min(len(list), mostTold)] {
			reply.Errors = append(reply.Errors, oneLine(e))
		}
		return reply, nil
	}
	return done{true}, nil
}

// open makes the ring, and sends it with the reply.
func (s *session) open(r *request) error {
	c := s.f.d.Config()
	rank, world := c.Rank, c.World
	if r.World != nil {
		rank, world = 0, int(*r.World)
	}
	if r.Rank != nil {
		rank = int(*r.Rank)
	}
	d, err := s.f.d.Share(rank, world, r.state)
	if err != nil {
		if !errors.Is(err, dataset.ErrState) {
			err = &refusal{kindConfig, err}
		}
		return err
	}
	slots, err := s.f.reserve(r.slots, world)
	if err != nil {
		return err
	}
	ring, file, err := newRing(s.f.layout, slots)
	if err != nil {
		s.f.giveBack(slots)
		return &refusal{kindMemory, err}
	}
	defer file.Close()
	s.begin(d, ring)
	reply, err := s.describe(rank, world)
	if err != nil {
		return err
	}
	line, err := json.Marshal(reply)
	if err != nil {
		return err
	}
	if err := s.conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	if err := sendFile(s.conn, append(line, '\n'), file); err != nil {
		return err
	}
	s.readAhead()
	return nil
}

func (s *session) begin(d *dataset.Dataset, r *ring) {
	n := len(r.slots)
	s.d, s.ring, s.end = d, r, d.End()
	s.held, s.free, s.ahead, s.finished = make([]bool, n), make([]int, n), map[int64]*job{}, make(chan *job, n)
	for i := range s.free {
		s.free[i] = n - 1 - i
	}
	s.last, s.stride, s.window = d.First()-1, 1, n
}

func (s *session) describe(rank, world int) (*opened, error) {
	d := s.d
	state, err := d.State(d.First())
	if err != nil {
		return nil, err
	}
	epoch, next, err := d.EpochOf(d.First())
	if err != nil {
		return nil, err
	}
	o := &opened{
		OK: true, Version: version, Rank: rank, World: world, Batch: int64(d.Config().Batch), Samples: d.Len(), Steps: d.Steps(),
		First: d.First(), Epoch: epoch, NextEpoch: next, Columns: s.ring.columns, Order: d.Order().String(),
		Slots: len(s.ring.slots), SlotBytes: s.ring.slot, Fingerprint: state.Data + "-" + state.Order,
	}
	if s.end < math.MaxInt64 {
		o.End = &s.end
	}
	if n := int64(d.Config().Epochs); n >= 0 {
		o.Epochs = &n
	}
	return o, nil
}

// release gives slots back.
func (s *session) release(slots []int) error {
	for _, slot := range slots {
		if slot < 0 || slot >= len(s.held) || !s.held[slot] {
			return refused(kindProtocol, "slot %d is not held", slot)
		}
		s.held[slot] = false
		s.free = append(s.free, slot)
	}
	return nil
}

// get waits for a batch.
func (s *session) get(step int64) (any, error) {
	switch {
	case step >= s.end:
		return nil, refused(kindEnd, "there is no batch %d: the last one is %d", step, s.end-1)
	case step < s.d.First():
		return nil, refused(kindRange, "batch %d lies before batch %d, where this client began", step, s.d.First())
	}
	s.foresee(step)
	j := s.ahead[step]
	passed := j != nil && step < s.last // a neighbour that comes out of order
	if j == nil {
		var err error
		if j, err = s.ask(step); err != nil {
			return nil, err
		}
	} else {
		s.f.queue.want(j)
	}
	if !passed {
		s.last, s.step = step, step-s.last
	}
	delete(s.ahead, step) // nobody may give it up
	for s.readAhead(); !j.finished; s.readAhead() {
		select {
		case done := <-s.finished:
			s.finish(done)
		case <-s.ctx.Done():
			return nil, context.Cause(s.ctx)
		}
	}
	if j.err != nil {
		s.free = append(s.free, j.slot)
		s.readAhead()
		return nil, j.err
	}
	s.held[j.slot] = true
	return got{true, step, j.batch.Epoch, j.slot, int64(j.batch.Len()), j.arrays}, nil
}

// foresee decides what is read ahead when a batch is asked for: what lies behind it at the distance
// that two batches had, as long as it is asked for, and nothing after a jump.
func (s *session) foresee(step int64) {
	d := step - s.last
	repeated := d > 0 && d == s.step
	if d == 0 {
		return
	}
	if s.ahead[step] == nil && d != s.stride && !repeated {
		s.window = 0
		s.dropAll()
		return
	}
	s.window = min(max(2*s.window, 1), len(s.held))
	if !repeated || d == s.stride {
		return
	}
	for at, j := range s.ahead {
		if at != step && (at-step)%d != 0 {
			s.giveUp(j)
		}
	}
	s.stride = d
}

// ask has a batch read now.
func (s *session) ask(step int64) (*job, error) {
	if len(s.free) == 0 {
		s.dropAll()
	}
	for len(s.free) == 0 {
		if s.reading == 0 {
			return nil, refused(kindSlots, "all %d slots are held: release one", len(s.held))
		}
		select {
		case done := <-s.finished:
			s.finish(done)
		case <-s.ctx.Done():
			return nil, context.Cause(s.ctx)
		}
	}
	return s.start(step, true), nil
}

// start has a batch read into a slot that is free.
func (s *session) start(step int64, wanted bool) *job {
	n := len(s.free) - 1
	j := &job{s: s, step: step, slot: s.free[n]}
	s.free = s.free[:n]
	s.ahead[step] = j
	s.reading++
	s.f.queue.push(j, wanted)
	return j
}

// readAhead begins to read the batches behind the last one, as many as are wanted.
func (s *session) readAhead() {
	step := s.last
	for range s.window {
		if step >= s.end-s.stride {
			return
		}
		if step += s.stride; s.ahead[step] != nil {
			continue
		}
		// Batches that were passed over, and may be asked for yet, go for the next one alone.
		if len(s.free) == 0 && (step != s.last+s.stride || !s.dropOldest() || len(s.free) == 0) {
			return
		}
		s.start(step, false)
	}
}

// dropAll gives up what was read ahead.
func (s *session) dropAll() {
	for _, j := range s.ahead {
		s.giveUp(j)
	}
}

// dropOldest gives up the batch that lies farthest before the last one asked for.
func (s *session) dropOldest() bool {
	oldest := s.last
	for step := range s.ahead {
		oldest = min(oldest, step)
	}
	if oldest == s.last {
		return false
	}
	s.giveUp(s.ahead[oldest])
	return true
}

// giveUp frees the slot of a batch, at once or when the worker that reads it is done.
func (s *session) giveUp(j *job) {
	delete(s.ahead, j.step)
	j.dropped = true
	if !j.finished {
		if !s.f.queue.remove(j) {
			return
		}
		s.reading--
	}
	s.free = append(s.free, j.slot)
}

// finish notes that a worker is done with a batch.
func (s *session) finish(j *job) {
	s.reading--
	if j.finished = true; j.dropped {
		s.free = append(s.free, j.slot)
	}
}

// close gives the ring back when no worker writes to it.
func (s *session) close() {
	if s.d == nil {
		return
	}
	s.dropAll()
	for s.reading > 0 {
		s.finish(<-s.finished)
	}
	s.ring.unmap()
	s.f.giveBack(len(s.held))
}
