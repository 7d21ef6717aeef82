// Package faults holds tests of reading from storage that fails: a filesystem in user space whose
// reads break off with EIO, shrink or take their time, and a memory cgroup far smaller than the
// file. It is a module of its own, so that users of the library never see what it needs:
//
//	cd internal/faults && GOWORK=off go test ./...
//
// The tests need Linux, /dev/fuse and the right to mount and to make cgroups, as root has in most
// containers and virtual machines. Without these they fail, unless LAZYNPY_NO_FUSE=1 and
// LAZYNPY_NO_CGROUP=1 say that this machine is known not to have them.
package faults
