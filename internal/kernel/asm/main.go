// Command asm writes the AVX2 loops of package kernel: for every role one file of
// assembly and one of Go declarations. It is a module of its own so that users of
// the library never see the assembler generator. From this directory:
//
//	GOWORK=off go run . -out ..
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

// roles are the pairs of files, by name, and what goes into them.
var roles = []struct {
	name string
	emit func(g *gen)
}{
	{"sum_int", sumInt},
	{"sum_float", sumFloat},
	{"extreme", extreme},
	{"moments", moments},
	{"mask", mask},
	{"convert", convert},
	{"arith", arith},
}

func main() {
	// avo has put flags of its own into the common set
	flags := flag.NewFlagSet("asm", flag.ExitOnError)
	out := flags.String("out", "..", "directory of package kernel")
	_ = flags.Parse(os.Args[1:])
	for _, r := range roles {
		g := &gen{Context: build.NewContext(), tables: map[string]operand.Mem{}}
		g.ConstraintExpr("!purego")
		r.emit(g)
		if err := g.write(filepath.Join(*out, r.name)); err != nil {
			fmt.Fprintln(os.Stderr, "asm:", err)
			os.Exit(1)
		}
	}
}

// gen collects the functions of one role.
type gen struct {
	*build.Context
	labels int
	tables map[string]operand.Mem
}

// write compiles the functions and writes base_avx2_amd64.s and base_avx2_amd64.go.
func (g *gen) write(base string) error {
	f, err := g.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return err
	}
	cfg := printer.Config{Name: "internal/kernel/asm", Pkg: "kernel"}
	for ext, p := range map[string]printer.Printer{".s": printer.NewGoAsm(cfg), ".go": printer.NewStubs(cfg)} {
		if err := g.print(base+"_avx2_amd64"+ext, p, f); err != nil {
			return err
		}
	}
	return nil
}

func (g *gen) print(path string, p printer.Printer, f *ir.File) error {
	b, err := p.Print(f)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// begin starts a function. All of them are leaves that touch no stack.
func (g *gen) begin(name, signature string, doc ...string) {
	g.Function(name)
	g.Attributes(attr.NOSPLIT)
	g.Pragma("noescape")
	g.SignatureExpr(signature)
	g.Doc(doc...)
}

// end returns to Go, which expects the upper halves of the registers clean.
func (g *gen) end() {
	g.VZEROUPPER()
	g.RET()
}

// arg is a parameter of 64 bits in a register.
func (g *gen) arg(name string) reg.GPVirtual {
	r := g.GP64()
	g.Load(g.Param(name), r)
	return r
}

// label is a name that this file has not used.
func (g *gen) label(name string) operand.LabelRef {
	g.labels++
	return operand.LabelRef(fmt.Sprintf("%s%d", name, g.labels))
}

// bind puts a label here.
func (g *gen) bind(l operand.LabelRef) { g.Label(string(l)) }

// loop runs body while n >= step, and takes step off n each time.
func (g *gen) loop(name string, n reg.GPVirtual, step int, body func()) {
	top, done := g.label(name), g.label(name+"Done")
	g.CMPQ(n, operand.Imm(uint64(step)))
	g.JLT(done)
	g.bind(top)
	body()
	g.SUBQ(operand.Imm(uint64(step)), n)
	g.CMPQ(n, operand.Imm(uint64(step)))
	g.JGE(top)
	g.bind(done)
}

// zeros are n cleared vectors.
func (g *gen) zeros(n int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = g.YMM()
		g.VPXOR(v[i], v[i], v[i])
	}
	return v
}

// spread fills a vector with a parameter of 64 bits.
func (g *gen) spread(name string) reg.VecVirtual {
	return g.spreadValue(g.arg(name))
}

// spreadImm fills a vector with a constant of 64 bits.
func (g *gen) spreadImm(v uint64) reg.VecVirtual {
	r := g.GP64()
	g.MOVQ(operand.U64(v), r)
	return g.spreadValue(r)
}

func (g *gen) spreadValue(r reg.GPVirtual) reg.VecVirtual {
	v := g.YMM()
	g.VMOVQ(r, v.AsX())
	g.VPBROADCASTQ(v.AsX(), v)
	return v
}

// at is memory disp bytes beyond base.
func at(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

// add64 returns the sum of the four 64-bit lanes of v, which it destroys.
func (g *gen) add64(v reg.VecVirtual) reg.GPVirtual {
	t, r := g.YMM(), g.GP64()
	g.VEXTRACTI128(operand.Imm(1), v, t.AsX())
	g.VPADDQ(t.AsX(), v.AsX(), v.AsX())
	g.VPSHUFD(operand.Imm(0xee), v.AsX(), t.AsX())
	g.VPADDQ(t.AsX(), v.AsX(), v.AsX())
	g.VMOVQ(v.AsX(), r)
	return r
}

// widenAdd32 adds the eight signed 32-bit lanes of v to the four lanes of 64 bits
// that it returns.
func (g *gen) widenAdd32(v reg.VecVirtual) reg.VecVirtual {
	lo, hi := g.YMM(), g.YMM()
	g.VEXTRACTI128(operand.Imm(1), v, hi.AsX())
	g.VPMOVSXDQ(v.AsX(), lo)
	g.VPMOVSXDQ(hi.AsX(), hi)
	g.VPADDQ(hi, lo, lo)
	return lo
}

// advance moves a pointer n bytes on.
func (g *gen) advance(p reg.GPVirtual, n int) { g.ADDQ(operand.U32(uint32(n)), p) }

// ahead is how far beyond the element in turn memory is asked for: a page. The
// processor's own prefetcher ends with the page, so that every page would begin with
// a wait. Beyond the end of memory a prefetch does nothing.
const ahead = 4096

// prefetch asks for the cache line ahead of m.
func (g *gen) prefetch(m operand.Mem) { g.PREFETCHT0(m.Offset(ahead)) }
