package peer

import (
	"strings"

	"github.com/lazynpy/lazynpy/dataset"
)

// Training is a data set in whose order all contenders of suite batches take samples: of array "x"
// in archives, or of .npy files, without end.
func Training(files string, batch int, perFile bool) dataset.Config {
	c := dataset.Config{
		Files:         []string{files},
		Inputs:        dataset.Columns(""),
		FilePerSample: perFile,
		Order:         dataset.Shuffle(),
		Seed:          1,
		Batch:         batch,
		Last:          dataset.Drop,
		Epochs:        -1,
		Memory:        4 << 30,
	}
	if strings.HasSuffix(files, ".npz") {
		c.Inputs = dataset.Columns("x")
	}
	return c
}
