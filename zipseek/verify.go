package zipseek

import (
	"context"
	"hash/crc32"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/parallel"
)

// verifyPiece is what a goroutine sums at once.
const verifyPiece = 4 << 20

// Verify reads the whole member, on as many goroutines as [Workers] allows, and compares size and
// checksum with the directory. A deflated member has a complete index afterwards.
func (m *Member) Verify(ctx context.Context) error {
	src, err := m.state().open()
	if err != nil {
		return err
	}
	if s, ok := src.(*inflated); ok {
		complete := s.index().known() == m.Size
		if err := s.finishIndex(ctx); err != nil {
			return err
		}
		if !complete && m.archive.config.check != CheckNever {
			return nil // the frontier has compared
		}
	}
	if s, ok := src.(*sequential); ok {
		return s.verify(ctx)
	}
	sum, err := sumOf(ctx, src, m.archive.workers(), m.archive.config.stopped)
	if err != nil {
		return err
	}
	return m.compareSum(sum)
}

func (m *Member) verifyAll() error { return m.Verify(context.Background()) }

// sumOf is the CRC-32 of all bytes of a source. An error of stopped ends it.
func sumOf(ctx context.Context, src bytesrc.Source, workers int, stopped func() error) (uint32, error) {
	size := src.Size()
	pieces := (size + verifyPiece - 1) / verifyPiece
	sums := make([]uint32, pieces)
	err := parallel.Each(ctx, workers, pieces, func(_ context.Context, i int64) (err error) {
		if err := stopped(); err != nil {
			return err
		}
		at := i * verifyPiece
		sums[i], err = sumPiece(src, at, int(min(verifyPiece, size-at)))
		return err
	})
	if err != nil {
		return 0, err
	}
	total := uint32(0)
	for i, sum := range sums {
		total = crcCombine(total, sum, min(verifyPiece, size-int64(i)*verifyPiece))
	}
	return total, nil
}

func sumPiece(src bytesrc.Source, off int64, n int) (sum uint32, err error) {
	err = bytesrc.WithGuard(src, off, n, func(b []byte) error {
		sum = crc32.ChecksumIEEE(b)
		return nil
	})
	return sum, err
}
