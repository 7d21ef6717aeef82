package bytesrc

// A filesystem is what the choice of a back end wants to know of where a file lies.
type filesystem struct {
	name string // as in mount's output; empty if the system does not tell

	// remote says that pages come over a network or from another process.
	remote bool
}

// Storage describes where a file lies, for those who want to understand the choice of a
// back end.
type Storage struct {
	Filesystem string // as in mount's output, such as ext4; empty if the system does not tell
	Remote     bool   // its pages come over a network or from another process

	// Stripe is what the filesystem likes to be read in, in bytes: the stripe size on
	// Lustre, and the st_blksize of stat elsewhere. 0 if the system does not tell.
	Stripe int64

	// Available is how many bytes of a file the page cache could hold now: the system's
	// available memory, and less where a memory cgroup limits this process. 0 if the
	// system does not tell.
	Available int64
}

// StorageOf describes where the file at path lies. It opens the file, and reads nothing of it.
func StorageOf(path string) (Storage, error) {
	f, _, err := openRegular(path, ReadOnly)
	if err != nil {
		return Storage{}, err
	}
	where := filesystemOf(f)
	s := Storage{Filesystem: where.name, Remote: where.remote, Stripe: stripeOf(f, where), Available: memoryNow()}
	return s, f.Close()
}
