package bytesrc

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var globalMemoryStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                uint32
	totalPhysical, physical     uint64
	totalCommitable, commitable uint64 // what can be had with the page file, all in all and now
	totalVirtual, virtual       uint64
	extended                    uint64
}

// availableMemory is not known here: what is free is not what files could be cached in.
func availableMemory() int64 { return 0 }

// installedMemory is what this process can commit.
func installedMemory() int64 {
	s := memoryStatus{length: uint32(unsafe.Sizeof(memoryStatus{}))}
	if ok, _, _ := globalMemoryStatus.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return 0
	}
	return int64(min(s.commitable, 1<<62))
}
