// Package demo makes a synthetic 4D-STEM scan: nanoparticles on a carbon film, seen by a pixelated
// detector. Every scan position has a pattern of Poisson noise around a mean that depends on the
// material there and on its thickness.
//
// It also tells what memory the process takes, for programs that show how little that is.
//
// The same shape gives the same bytes on one kind of processor, whatever the number of cores.
// Memory is that of the patterns, some 20 MB, whatever the size of the scan.
package demo
