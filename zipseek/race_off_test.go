//go:build !race

package zipseek

// every is which part of the repetitions a test makes: all of them.
const every = 1
