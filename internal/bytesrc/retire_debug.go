//go:build (race || debug) && (linux || darwin)

package bytesrc

import (
	"errors"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// quarantineLen is how many closed mappings keep their addresses, so that uses after
// Close fault. Older ones are unmapped: a long test run must not exhaust the
// system's limit on mappings (65,530 on Linux).
const quarantineLen = 256

var quarantine struct {
	mu   sync.Mutex
	ring [quarantineLen]*mapping
	next int
}

// retire makes a mapping unreadable instead of unmapping it.
func (m *mapping) retire() error {
	if err := unix.Mprotect(m.data, unix.PROT_NONE); err != nil {
		return errors.Join(&fs.PathError{Op: "mprotect", Path: m.file.name, Err: err}, m.unmap())
	}
	quarantine.mu.Lock()
	defer quarantine.mu.Unlock()
	oldest := quarantine.ring[quarantine.next]
	quarantine.ring[quarantine.next] = m
	quarantine.next = (quarantine.next + 1) % quarantineLen
	if oldest != nil {
		return oldest.unmap()
	}
	return nil
}
