// Package npytext writes elements of arrays as text: as NumPy prints them, character for character,
// and in the plain notations of CSV and JSON.
//
// # Contract
//
// Texts are those of NumPy 2 with its default print options. An array of more than 1000 elements is
// shown by its edges; what would take more than a million elements, or 16 MiB of them, is refused
// before anything is read. Elements are read from a [mmapnpy.Buffer], whose memory must be there as
// long as a [Cell] is used; texts are copies. Nothing here is kept or changed, so that all
// functions can be called from several goroutines; a Cell by one at a time.
package npytext
