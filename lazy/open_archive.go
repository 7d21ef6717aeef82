package lazy

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/fileerr"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/zipseek"
)

// Archive is an open .npz file: a .zip archive whose members are .npy files. Arrays of it read only
// what they need. A stored member is used in place in the mapped file; of a deflated one, what is
// asked for is inflated, without what lies before it, on as many cores as ask.
type Archive struct {
	zip    *zipseek.Archive
	config config
}

// OpenArchive opens the .npz file at path by its directory. The options are the defaults of its
// arrays. Everything that is a .zip archive opens; members that are not arrays can be read as
// bytes.
func OpenArchive(path string, opts ...Option) (*Archive, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	return openArchive(path, c)
}

func openArchive(path string, c config) (*Archive, error) {
	opts := append([]zipseek.Option{zipseek.WithBackend(string(c.backend)), zipseek.Workers(c.workers), zipseek.LengthFrom(npyLength)}, c.zip...)
	z, err := zipseek.Open(path, opts...)
	if err != nil {
		return nil, err
	}
	return &Archive{zip: z, config: c}, nil
}

// npyLength tells how long a .npy file is from its header.
func npyLength(content io.ReaderAt) (int64, bool) {
	h, err := mmapnpy.ReadHeader(content, math.MaxInt64, "")
	return h.DataOffset + h.NBytes(), err == nil && !h.DType.HasObject()
}

// Zip is the archive as a container, with all that its directory says.
func (z *Archive) Zip() *zipseek.Archive { return z.zip }

// Path is the path that was opened.
func (z *Archive) Path() string { return z.zip.Path() }

// Keys lists the members as NumPy's NpzFile.files does: in the order of the directory, without the
// ".npy" at the end, duplicates and members that are no arrays included. Folders, and what macOS
// adds when it makes an archive (see [zipseek.Member.IsAppleDouble]), are left out.
func (z *Archive) Keys() []string {
	keys := make([]string, 0, z.zip.Len())
	for _, m := range z.zip.All() {
		if !m.IsDir() && !m.IsAppleDouble() {
			keys = append(keys, KeyOf(m.Name))
		}
	}
	if rest := z.rest(); rest != nil {
		keys = append(keys, KeyOf(rest.Name))
	}
	return keys
}

// rest is the array that the archive was cut off in, if its header is there; see
// [zipseek.Archive.Rest].
func (z *Archive) rest() *zipseek.Member {
	rest := z.zip.Rest()
	if rest == nil || !IsArray(rest) {
		return nil
	}
	f, err := z.File(rest.Name)
	if err != nil {
		return nil
	}
	_ = f.Close() // only its header was looked at
	return rest
}

// KeyOf is the key of a member with the given name: the name without ".npy".
func KeyOf(name string) string { return strings.TrimSuffix(name, ".npy") }

// Member finds the member that NumPy gives for a key: the one of this full name, or else the one
// whose name is the key and ".npy"; of several, the last.
func (z *Archive) Member(key string) (*zipseek.Member, error) {
	if m, ok := z.lookup(key); ok {
		return m, nil
	}
	return nil, fileerr.Errorf(z.Path(), "%q: %w (%s)", key, ErrNoKey, inventory(z.Keys()))
}

// arrayMember is Member for who wants an array, and is told of nothing else.
func (z *Archive) arrayMember(key string) (*zipseek.Member, error) {
	if m, ok := z.lookup(key); ok {
		return m, nil
	}
	return nil, fileerr.Errorf(z.Path(), "%q: %w (%s)", key, ErrNoKey, z.inventory())
}

func (z *Archive) lookup(key string) (*zipseek.Member, bool) {
	if m, ok := z.zip.Lookup(key); ok {
		return m, true
	}
	return z.zip.Lookup(key + ".npy")
}

// members yields the members that are arrays, each name once, in the order of the directory.
func (z *Archive) members() iter.Seq[*zipseek.Member] {
	return func(yield func(*zipseek.Member) bool) {
		for _, m := range z.zip.All() {
			if last, _ := z.zip.Lookup(m.Name); last == m && IsArray(m) && !yield(m) {
				return
			}
		}
		if rest := z.rest(); rest != nil {
			yield(rest)
		}
	}
}

// inventory says which arrays there are.
func (z *Archive) inventory() string {
	var keys []string
	for m := range z.members() {
		keys = append(keys, KeyOf(m.Name))
	}
	if len(keys) == 0 && z.zip.Len() > 0 {
		return "it has no arrays"
	}
	return inventory(keys)
}

// inventory says which keys there are.
func inventory(keys []string) string {
	const most = 10
	switch n := len(keys); {
	case n == 0:
		return "it is empty"
	case n > most:
		return fmt.Sprintf("it has %q and %d more", keys[:most], n-most)
	}
	return fmt.Sprintf("it has %q", keys)
}

// Array shows a member as a lazy array, reading its header only. It is valid until the archive is
// closed; closing the array itself does nothing. Options add to those of the archive.
func (z *Archive) Array(key string, opts ...Option) (*Array, error) {
	m, err := z.arrayMember(key)
	if err != nil {
		return nil, err
	}
	c := z.config
	for _, o := range opts {
		if o == nil {
			continue // an option that was left out
		}
		if err := o(&c); err != nil {
			return nil, err
		}
	}
	return z.array(m, c)
}

func (z *Archive) array(m *zipseek.Member, c config) (*Array, error) {
	src, err := m.Source()
	if err != nil {
		return nil, err
	}
	a, err := open(src, c)
	if err != nil {
		return nil, inMember(m, err)
	}
	a.files[0].path, a.files[0].key = z.Path(), KeyOf(m.Name)
	return a, nil
}

// inMember names archive and member apart in an error about a member's header.
func inMember(m *zipseek.Member, err error) error {
	bad, ok := errors.AsType[*FormatError](err)
	if !ok || bad.Member != "" {
		return err
	}
	in := *bad
	in.Path, in.Member = m.Archive().Path(), m.Name
	return &in
}

// IsArray reports whether a member is an array, or should be: its name ends in ".npy" and it is not
// what macOS adds for another one, or it begins as a .npy file does.
func IsArray(m *zipseek.Member) bool {
	switch {
	case m.IsDir():
		return false
	case strings.HasSuffix(m.Name, ".npy"):
		return !m.IsAppleDouble()
	}
	var magic [6]byte
	n, _ := m.ReadAt(magic[:], 0) // what cannot be read is not known to be an array
	return n == len(magic) && string(magic[:]) == npyMagic
}

const npyMagic = "\x93NUMPY"

// All yields the members that are arrays, each name once, in the order of the directory, with the
// key of each; see [Archive.Array]. An array that cannot be used (damaged, encrypted, of Python
// objects) is yielded as an error, and the others follow. What is not an array is left out.
func (z *Archive) All() iter.Seq2[*Array, error] {
	return func(yield func(*Array, error) bool) {
		for m := range z.members() {
			if !yield(z.array(m, z.config)) {
				return
			}
		}
	}
}

// File shows a member as a [mmapnpy.File]: the elements of a stored member as typed views in place
// in the mapped file, those of a compressed one in memory, once they are asked for. It is valid
// until the archive is closed.
func (z *Archive) File(key string, opts ...mmapnpy.Option) (*mmapnpy.File, error) {
	m, err := z.arrayMember(key)
	if err != nil {
		return nil, err
	}
	src, err := m.Source()
	if err != nil {
		return nil, err
	}
	f, err := mmapnpy.OpenSource(src, append(slices.Clone(z.config.header), opts...)...)
	if err != nil {
		return nil, inMember(m, err)
	}
	return f, nil
}

// Bytes reads the whole content of a member, whatever it is. Lengths in the directory were checked
// against what can come of the bytes that are there.
func (z *Archive) Bytes(key string) ([]byte, error) {
	m, err := z.Member(key)
	if err != nil {
		return nil, err
	}
	return m.Bytes()
}

// Close closes the file. It waits for blocks that are out, and is safe to call twice.
func (z *Archive) Close() error { return z.zip.Close() }

// openMember opens one array of an archive, which closes with it. Without a key, the archive must
// have one array and no other.
func openMember(path, key string, named bool, c config) (*Array, error) {
	z, err := openArchive(path, c)
	if err != nil {
		return nil, err
	}
	a, err := z.only(key, named)
	if err != nil {
		_ = z.Close() // best effort
		return nil, err
	}
	a.files[0].close = z.Close
	return a, nil
}

// only is the array of this key, or the only one.
func (z *Archive) only(key string, named bool) (*Array, error) {
	if named {
		return z.Array(key)
	}
	var only *zipseek.Member
	for _, m := range z.zip.All() {
		switch {
		case z.zip.Len() > 1 && !IsArray(m):
		case only != nil && only.Name != m.Name:
			return nil, fileerr.Errorf(z.Path(), "%w: it has several arrays; name one as %s:KEY (%s)", ErrNoKey, z.Path(), z.inventory())
		default:
			only = m
		}
	}
	switch rest := z.rest(); {
	case rest == nil:
	case only != nil:
		return nil, fileerr.Errorf(z.Path(), "%w: it has several arrays; name one as %s:KEY (%s)", ErrNoKey, z.Path(), z.inventory())
	default:
		only = rest
	}
	if only == nil {
		return nil, fileerr.Errorf(z.Path(), "%w (%s)", ErrNoKey, inventory(z.Keys()))
	}
	return z.array(only, z.config)
}

// SplitPath splits "train.npz:x" into the path of an archive and the key of a member. Where a file
// of the whole name exists there is no key. Of several colons it is the first before which there is
// the name of a file.
func SplitPath(path string) (file, key string, named bool) {
	if exists(path) {
		return path, "", false
	}
	for i := 1; i < len(path); i++ {
		if path[i] == ':' && exists(path[:i]) {
			return path[:i], path[i+1:], true
		}
	}
	return path, "", false
}

// exists reports whether there is a file at path, as far as can be seen. A folder does not count:
// nothing has a member of a folder.
func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// IsArchive reports whether [Open] reads the file at path as an archive: it begins as one, or is
// called so and does not begin as an array. What cannot be opened is none.
func IsArchive(path string) bool {
	src, err := bytesrc.Open(path, bytesrc.Options{Backend: bytesrc.BackendPread})
	if err != nil {
		return false
	}
	defer src.Close()
	return isArchive(src)
}

// isArchive reports whether a file is to be read as an archive: it begins as one, or is called so
// and does not begin as an array.
func isArchive(src bytesrc.Source) bool {
	var magic [6]byte
	n, _ := src.ReadAt(magic[:min(src.Size(), int64(len(magic)))], 0)
	switch head := string(magic[:n]); {
	case strings.HasPrefix(head, "PK\x03\x04"), strings.HasPrefix(head, "PK\x05\x06"), strings.HasPrefix(head, "PK\x07\x08"):
		return true
	case head == npyMagic:
		return false
	}
	name := strings.ToLower(src.Name())
	return strings.HasSuffix(name, ".npz") || strings.HasSuffix(name, ".zip")
}
