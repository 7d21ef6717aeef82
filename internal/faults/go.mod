module github.com/lazynpy/lazynpy/internal/faults

go 1.26.0

require (
	github.com/hanwen/go-fuse/v2 v2.12.1
	github.com/lazynpy/lazynpy v0.0.0
)

require (
	github.com/edsrzf/mmap-go v1.2.0 // indirect
	github.com/klauspost/compress v1.20.4 // indirect
	github.com/ulikunitz/xz v0.5.17 // indirect
	golang.org/x/exp v0.0.0-20261014143641-f0251eb4aa3e // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/lazynpy/lazynpy => ../..
