// Package atomicfile writes files that appear whole or not at all. Every file that this module
// writes goes through it, except for those that grow in place ([mmapnpy.Append], [zipseek.Append]).
//
// A temporary file in the folder of the one that is wanted is filled, brought to disk, and put in
// its place. On Linux it has no name until then where the file system can do that (O_TMPFILE), so
// that nothing is left of it even when the process is killed. Elsewhere, and for the moment in
// which one file replaces another, it is called like ".train.npz.lazynpy-0.tmp" and locked: one
// that nobody holds the lock of is what a process that died has left, and goes when the same file
// is written next. Until it is complete only its owner can read it.
//
// What may be replaced is decided before anything is written, and once more before the file takes
// its place. Always refused are:
//
//   - what is not a regular file, or has no write permission, although its folder would let it be
//     replaced. A file that nobody may write to is refused for root as well;
//   - a name that is that of a sidecar of another file ([SidecarSuffixes]), unless the file is that
//     sidecar ([Beside]);
//   - the inputs of the run, by device and inode and not by name ([Apart], [Inputs]);
//   - a link of somebody else's in a folder like /tmp, as Linux refuses to follow it, and for a
//     sidecar every link.
//
// Other links are followed, and keep pointing to where they do. What is replaced keeps its
// permissions, and on Linux owner, group, access control list and extended attributes, as far as
// the process may set them; the rest is told by [OnNotice]. Errors name the file that was asked
// for, never the temporary one.
package atomicfile
