package bytesrc

import "golang.org/x/sys/windows"

// FreeSpace is how many bytes a file in dir can take; false if the system does not tell.
func FreeSpace(dir string) (int64, bool) {
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
