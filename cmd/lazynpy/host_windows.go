package main

import "golang.org/x/sys/windows"

// memoryUse is not known here.
func memoryUse() (peak, anonymous int64, ok bool) { return 0, 0, false }

// resetPeak cannot be done here.
func resetPeak() bool { return false }

// freeSpace is how many bytes a file in dir can take.
func freeSpace(dir string) (int64, bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, false
	}
	return int64(min(free, 1<<62)), true
}
