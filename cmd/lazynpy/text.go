package main

import (
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/internal/termtext"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Short names for what nearly every verb prints.

func grouped(n int64) string         { return termtext.Grouped(n) }
func printable(name string) string   { return termtext.Printable(name) }
func shapeText(shape []int64) string { return npytext.Shape(shape) }
func joined(numbers []int64) string  { return npytext.Join(numbers) }
func descr(t mmapnpy.DType) string   { return npytext.Descr(t) }
