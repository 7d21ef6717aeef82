// Package picture draws two-dimensional arrays: as images in the colours of a map, and as text on a
// terminal.
//
// # Contract
//
// An image takes a byte per pixel, at most 1 GiB, and is refused before anything is read if it does
// not fit into memory. Percentiles of more than four million elements are taken from every k-th row
// and column. A [Picture] is a value that nobody changes.
package picture
