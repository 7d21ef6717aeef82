//go:build !(race || debug) || !(linux || darwin)

package bytesrc

// retire ends a mapping.
func (m *mapping) retire() error { return m.unmap() }

// quarantineLen is how many closed mappings keep their addresses.
const quarantineLen = 0
