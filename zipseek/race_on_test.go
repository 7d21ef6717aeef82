//go:build race

package zipseek

// every is which part of the repetitions a test makes: under the race detector, which looks for
// what goroutines do to each other and not for wrong bytes, all of them take minutes.
const every = 4
