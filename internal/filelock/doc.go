// Package filelock lets the writers of one file take turns, in one process or in many.
//
// A lock is of a file, and not of its name: it is an advisory lock (flock, LockFileEx) on the very
// file that a writer has open, which nobody needs to obey, and which the system takes back when the
// process ends, however it ends. [Open] looks after it has the lock whether its path still leads to
// the file that it has locked; if somebody replaced that while it waited, it begins again with the
// file that is there now. Who replaces a file holds the lock of the old one until the new one is in
// place. A file that does not exist cannot be locked: it is made under another name and linked to
// its own with a call that fails if there is one by then, and whoever comes second opens what is
// there.
//
// Where a file system or a system has no such locks (some remote ones), Open gives the file without
// one, and what its user compares at the end, [Lock.Current], is all that is left.
//
// A Lock is used by one goroutine at a time. Two opens of one file by one process exclude each
// other as those of two processes do.
package filelock
