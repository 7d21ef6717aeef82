// Package atomicfile writes files that appear whole or not at all: a temporary file beside the
// one that is wanted is filled, brought to disk, and renamed. A process that dies meanwhile
// leaves what was there before, and a temporary file with a name like ".train.npz.K3J2Q7XW.tmp".
//
// What is replaced keeps its permissions, a link keeps pointing to where it does, and a file that
// may not be written to is refused although its folder would let it be replaced. What is not a
// regular file is refused too. Errors name the file that was asked for, never the temporary one.
package atomicfile
