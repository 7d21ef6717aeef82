// Package interop holds the judges that compare this library with the originals
// while they run: NumPy, dask, rosettasciio, HyperSpy, LiberTEM. It has tests only, behind the
// build tag interop:
//
//	LAZYNPY_PYTHON=.cache/venv/bin/python go test -tags interop ./internal/interop
//
// LAZYNPY_PYTHON names an interpreter that has the packages of
// .ci/requirements.txt. Without it the tests fail rather than pass unseen. They
// draw their inputs from the seed in LAZYNPY_SEED, 1 unless set, and name it in
// every failure; another seed is another set of inputs.
//
// The scripts in testdata write files and say what NumPy or dask makes of them;
// a test runs each of them once, for all of its cases.
package interop
