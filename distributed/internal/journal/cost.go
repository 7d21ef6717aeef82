package journal

// Cost is what a log has done to know what it knows.
type Cost struct {
	Lists  int64 // of the directory
	Opens  int64 // of journals and snapshots
	Bytes  int64 // read, but for payloads that were asked for
	Frames int64 // taken, from journals or snapshots
}

// Cost is what Refresh, Follow and Condense have cost so far.
func (l *Log) Cost() Cost {
	c := l.cost
	c.Bytes += l.scan.read
	return c
}
