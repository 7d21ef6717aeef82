// Package kernel holds the inner loops.
package kernel
