// Package ops names what is computed: operations on lazy arrays by name, with parameters that are
// JSON, and the registry of them. It is the one language of command lines, plans and programs. A
// map makes an array of an array, lazily; a reducer gives results in a pass over one.
//
//	op, err := ops.Parse("masks=disk(64,64,20) ring(64,64,20,40)") // as on a command line
//	op = ops.Must("sum", ops.OverParams{Over: "signal"})            // or with parameters of Go
//	reducer, err := op.Reducer()                                    // of package lazy
//	results, err := lazy.Run(ctx, a, reducer)
//
// An operation says what is computed, and not where: package lazy computes it on this machine, and
// package distributed on many, with the same bytes.
//
// # Contract
//
// Lifetime: [Op.Apply] opens the files that parameters name, and they belong to the array that it
// gives; see [lazy.Array.Close]. [Op.Reducer] reads files of masks, and keeps none open. No other
// function opens a file.
//
// Concurrency: an [Op] is immutable, and all functions are safe for concurrent use.
//
// Errors name the operation, and the parameter if it is one: "sum: parameter over: ...". A name
// that nobody has registered is an error that lists the names close to it. What a registered
// function panics with is an error.
//
// Memory: masks in files are read whole, up to 1 GiB each. All else is an expression.
//
// Determinism: the same operation with the same parameters has one form ([Op.Canonical]), and gives
// the same bytes on every machine. What users register must do so too; see [RegisterMap].
package ops
