package zipseek

import (
	"errors"
	"io"
	"slices"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// kept is the beginning of a member that can only be decoded from its start, decoded, in a scratch
// file. It belongs to who has locked the member. A nil kept has nothing.
type kept struct {
	file *bytesrc.Scratch
	size int64
	full bool // of as much as there is room for
}

// OutOfOrder says that the content will be read in another order than it is decoded in.
func (s *sequential) OutOfOrder() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = true
}

// Decoded is how many bytes were decoded so far, for tests.
func (s *sequential) Decoded() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.decoded
}

// keep has what is decoded from now on kept, from the start, and reports whether it does: if a
// reader has said that it will come back, or if half as many bytes as the member has were decoded
// again already, as at the beginning of a third pass. Each byte is decoded once more then. It does
// not where the cache has room for all, or a disk has not.
func (s *sequential) keep() bool {
	c := &s.m.archive.blocks
	if !s.out && s.decoded-s.reached < s.m.Size/2 || s.m.Size <= max(seqLeast*seqBlock, c.limit) {
		return false
	}
	s.kept = &kept{full: true} // is not tried again
	file, err := bytesrc.NewScratch(s.m.Size)
	if err != nil || !c.owns(file) {
		return false
	}
	s.kept.file, s.kept.full = file, false
	for _, d := range slices.Clone(s.streams) {
		c.stop(d)
	}
	return true
}

// read copies what is kept of the bytes at off to p.
func (k *kept) read(p []byte, off int64) (int, error) {
	if k == nil || off >= k.size {
		return 0, nil
	}
	p = p[:min(int64(len(p)), k.size-off)]
	n, err := k.file.ReadAt(p, off)
	if n == len(p) || errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// write keeps the bytes at off if they are those that come next.
func (k *kept) write(b []byte, off int64) {
	if k == nil || k.full || off > k.size || off+int64(len(b)) <= k.size {
		return
	}
	b = b[k.size-off:]
	n, err := k.file.WriteAt(b, k.size)
	k.size += int64(n)
	k.full = err != nil // what there is is right
}
