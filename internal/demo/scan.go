package demo

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// The scan. Patterns are mixed, row by row, from a few noisy ones per material and thickness, so
// writing the scan costs little more than copying it.
const (
	Detector    = 128                 // pixels along each side
	framePixels = Detector * Detector // per scan position
	FrameBytes  = 2 * framePixels

	// The beam wobbles by up to wobble pixels from frame to frame, so patterns are
	// wider than the detector by that much on each side.
	wobble        = 2
	patternSide   = Detector + 2*wobble
	patternPixels = patternSide * patternSide

	materials    = 6   // the film, and particles of five orientations
	thicknesses  = 12  // steps of thickness; between them rows are drawn from both neighbours
	realisations = 4   // noisy patterns of each
	thickest     = 2.2 // mean free paths
	particles    = 32
	demoSeed     = 4
)

// specimen is what lies under every scan position.
type specimen struct {
	ny, nx    int
	thickness []float32
	material  []uint8
}

// particle is a crystal, in units of the scanned field.
type particle struct {
	y, x, radius, height, tilt float64
	facets                     int
	material                   uint8
}

func newSpecimen(ny, nx int) *specimen {
	rng := rand.New(rand.NewPCG(demoSeed, 0))
	crystals := make([]particle, particles)
	for i := range crystals {
		crystals[i] = particle{
			y: rng.Float64(), x: rng.Float64(),
			radius: 0.03 + 0.1*rng.Float64()*rng.Float64(),
			height: 0.7 + 1.1*rng.Float64(), tilt: 2 * math.Pi * rng.Float64(),
			facets: 5 + rng.IntN(4), material: uint8(1 + i%(materials-1)),
		}
	}
	var phases [12]float64
	for i := range phases {
		phases[i] = 2 * math.Pi * rng.Float64()
	}
	s := &specimen{ny: ny, nx: nx, thickness: make([]float32, ny*nx), material: make([]uint8, ny*nx)}
	for i := range s.thickness {
		y, x := (float64(i/nx)+0.5)/float64(ny), (float64(i%nx)+0.5)/float64(nx)
		top := 0.0
		for _, p := range crystals {
			if h := p.heightAt(y, x); h > top {
				top, s.material[i] = h, p.material
			}
		}
		s.thickness[i] = float32(min(film(y, x, &phases)+top, thickest))
	}
	return s
}

// thickestAt is the scan position with the most to see.
func (s *specimen) thickestAt() (y, x int) {
	best := 0
	for i, t := range s.thickness {
		if t > s.thickness[best] && s.material[i] > 0 {
			best = i
		}
	}
	return best / s.nx, best % s.nx
}

// film is the uneven thickness of the carbon support.
func film(y, x float64, phases *[12]float64) float64 {
	t := 0.14
	for k, p := range phases {
		f := 3 + 2.3*float64(k)
		a := p * 1.7
		t += 0.09 / (1 + float64(k)) * math.Sin(2*math.Pi*f*(x*math.Cos(a)+y*math.Sin(a))+p)
	}
	return max(t, 0)
}

// heightAt is a faceted crystal: flat in the middle, with steep sides.
func (p *particle) heightAt(y, x float64) float64 {
	dy, dx := y-p.y, x-p.x
	if math.Hypot(dy, dx) > 1.3*p.radius {
		return 0
	}
	edge := 0.0
	for k := range p.facets {
		a := p.tilt + 2*math.Pi*float64(k)/float64(p.facets)
		edge = max(edge, (dx*math.Cos(a)+dy*math.Sin(a))/p.radius)
	}
	if edge >= 1 {
		return 0
	}
	return p.height * min(1, 0.25+1.5*(1-edge)) * (1 - 0.25*edge*edge)
}

// patterns are the noisy diffraction patterns from which frames are mixed.
type patterns struct{ pixels []uint16 }

// row is what one row of the detector sees of a pattern whose corner is at (y, x).
func (p *patterns) row(material, thickness, realisation, row, y, x int) []uint16 {
	at := ((material*thicknesses+thickness)*realisations+realisation)*patternPixels + (row+y)*patternSide + x
	return p.pixels[at : at+Detector]
}

func newPatterns(ctx context.Context) (*patterns, error) {
	p := &patterns{pixels: make([]uint16, materials*thicknesses*realisations*patternPixels)}
	var diffracted [materials][]float64
	for m := range diffracted {
		diffracted[m] = diffractedDisks(m)
	}
	err := onEveryCore(ctx, materials*thicknesses, func(i int) error {
		material, step := i/thicknesses, i%thicknesses
		mean := meanPattern(material, thickest*float64(step)/(thicknesses-1), diffracted[material])
		rng := rand.New(rand.NewPCG(demoSeed, uint64(1+i)))
		for k := range realisations {
			noisy := p.pixels[(i*realisations+k)*patternPixels:][:patternPixels]
			for j := range noisy {
				noisy[j] = poisson(rng, mean[j])
			}
		}
		return nil
	})
	return p, err
}

// diskRadius is that of the direct beam in pixels, and of a diffracted one about.
const diskRadius = 9.0

// meanPattern is the expected counts of every pixel: the bright-field disk, which
// thickness dims, the diffracted disks of the crystal, which it feeds, and
// diffuse scattering. What scatters beyond the detector is lost.
func meanPattern(material int, thickness float64, diffracted []float64) []float64 {
	const dose = 90
	absorption := [materials]float64{0.55, 0.8, 1.15, 0.65, 1.4, 0.95}[material]
	direct := math.Exp(-absorption * thickness)
	mean := make([]float64, patternPixels)
	for i := range mean {
		y, x := float64(i/patternSide)-patternSide/2, float64(i%patternSide)-patternSide/2
		r := math.Hypot(y, x)
		mean[i] = 0.1 + dose*direct*inDisk(r, diskRadius) + 0.55*dose*(1-direct)*diffracted[i] +
			(0.25+1.6*thickness)*math.Exp(-r/15) + 0.45*thickness*math.Exp(-(r-27)*(r-27)/50)
	}
	return mean
}

// diffractedDisks draws the diffracted beams of a material, with a total strength
// of one disk.
func diffractedDisks(material int) []float64 {
	const reach = diskRadius + 6
	image := make([]float64, patternPixels)
	for _, g := range lattice(material) {
		cy, cx := g.y+patternSide/2, g.x+patternSide/2
		for y := max(int(cy-reach), 0); y < min(int(cy+reach), patternSide); y++ {
			for x := max(int(cx-reach), 0); x < min(int(cx+reach), patternSide); x++ {
				image[y*patternSide+x] += g.strength * inDisk(math.Hypot(float64(y)-cy, float64(x)-cx), diskRadius-1)
			}
		}
	}
	return image
}

// inDisk is 1 inside a radius and 0 outside, with an edge of about a pixel.
func inDisk(r, radius float64) float64 { return 1 / (1 + math.Exp((r-radius)/0.6)) }

type spot struct{ y, x, strength float64 }

// lattice is the diffracted beams of a crystal, whose strengths add up to 1; the film
// has none.
func lattice(material int) []spot {
	if material == 0 {
		return nil
	}
	rng := rand.New(rand.NewPCG(demoSeed, uint64(1000+material)))
	a := 23 + 2.2*float64(material)
	b := a * (0.9 + 0.3*rng.Float64())
	turn := 2 * math.Pi * rng.Float64()
	between := math.Pi / 3
	if material%2 == 0 {
		between = math.Pi / 2
	}
	var spots []spot
	total := 0.0
	for i := -2; i <= 2; i++ {
		for j := -2; j <= 2; j++ {
			if i == 0 && j == 0 {
				continue
			}
			u, v := a*float64(i), b*float64(j)
			y := u*math.Sin(turn) + v*math.Sin(turn+between)
			x := u*math.Cos(turn) + v*math.Cos(turn+between)
			g := math.Hypot(y, x)
			if g < Detector {
				s := spot{y, x, (0.2 + 0.8*rng.Float64()) * math.Exp(-g*g/(2*24*24))}
				spots, total = append(spots, s), total+s.strength
			}
		}
	}
	for i := range spots {
		spots[i].strength /= total
	}
	return spots
}

// poisson draws a count; above thirty the normal distribution is close enough.
func poisson(rng *rand.Rand, mean float64) uint16 {
	if mean > 30 {
		return uint16(max(mean+math.Sqrt(mean)*rng.NormFloat64()+0.5, 0))
	}
	limit, product := math.Exp(-mean), rng.Float64()
	n := uint16(0)
	for product > limit {
		product *= rng.Float64()
		n++
	}
	return n
}

// writeTo writes the frames of all scan positions, the first at an offset of w,
// and reports how many rows of the scan are done. Plain writes take a third of the
// time of stores into a mapping, where every new page is a fault.
func (s *specimen) writeTo(ctx context.Context, w io.WriterAt, offset int64, p *patterns, done func(rows int)) error {
	const batch = 16 // frames per write
	buffers := sync.Pool{New: func() any { return new([batch * framePixels]uint16) }}
	return onEveryCore(ctx, s.ny, func(y int) error {
		buf := buffers.Get().(*[batch * framePixels]uint16)
		defer buffers.Put(buf)
		rng := rand.NewPCG(demoSeed, 1<<32+uint64(y))
		for x := 0; x < s.nx; x += batch {
			n := min(batch, s.nx-x)
			for k := range n {
				s.frame(p, rng, y*s.nx+x+k, buf[k*framePixels:][:framePixels])
			}
			at := offset + int64(y*s.nx+x)*FrameBytes
			if _, err := w.WriteAt(kernel.Bytes(buf[:n*framePixels]), at); err != nil {
				return err
			}
		}
		done(1)
		return nil
	})
}

// frame mixes the pattern of one scan position: every row comes from a random
// realisation, at the next smaller or larger step of thickness, as often as the
// thickness is near to either.
func (s *specimen) frame(p *patterns, rng *rand.PCG, i int, frame []uint16) {
	level := float64(s.thickness[i]) / thickest * (thicknesses - 1)
	step := min(int(level), thicknesses-2)
	above := uint64((level - float64(step)) * (1 << 32))
	bits := rng.Uint64()
	y, x := int(bits%(2*wobble+1)), int((bits>>32)%(2*wobble+1))
	for row := range Detector {
		bits := rng.Uint64()
		k := step
		if bits&(1<<32-1) < above {
			k++
		}
		copy(frame[row*Detector:], p.row(int(s.material[i]), k, int(bits>>62), row, y, x))
	}
}

// onEveryCore calls f for 0 to n-1, each once, until one fails or the context ends.
func onEveryCore(ctx context.Context, n int, f func(i int) error) error {
	return parallel.Each(ctx, runtime.GOMAXPROCS(0), int64(n), func(_ context.Context, i int64) error { return f(int(i)) })
}
