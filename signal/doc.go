// Package signal gives lazy arrays calibrated axes and metadata, as HyperSpy and RosettaSciIO have
// them: names, units, scales and offsets, kept in a sidecar beside the array that Python programs
// read and write too (docs/signals.md).
//
// A [Signal] is a [lazy.Array] and what is known of it; [Read] opens one, [Write] saves one with
// its sidecar, [WriteSidecar] calibrates data that are there. Slices by calibrated values,
// transposes and reductions keep the axes true.
//
//   - Lifetime: a signal lives as long as the file of its data. Closing one closes it for all that
//     were made of it.
//   - Concurrency: a signal may be used by many goroutines as long as none changes its fields.
//   - Errors: of the content of a sidecar a *[mmapnpy.FormatError] that names it and the field,
//     and matches [ErrSidecar]; of axes that do not describe the data [ErrAxes]; of positions and
//     values that are not there [lazy.ErrIndex].
//   - Memory: a sidecar has at most 16 MiB and takes some hundred MB at the very most; elements are
//     read by package lazy, within its budget.
package signal
