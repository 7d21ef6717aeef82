// Package export writes the elements of arrays to outputs of several formats: .npy, JSON, CSV and
// the bytes alone.
//
// # Contract
//
// A [Stream] gives elements piece by piece, so that any array is written in bounded memory. Pieces
// of a mapped file may become unreadable while they are looked at; that is an error which names the
// input, and never a crash. What was written before an error stays written: who writes files makes
// them appear whole. A Stream is used by one goroutine at a time.
package export
