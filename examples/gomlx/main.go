// Gomlx trains a classifier with GoMLX from .npz files with images x and labels y (0 to 9). A fifth
// of the samples, chosen by a seed, is kept for its evaluation.
//
//	go run . -steps 500 'train/*.npz'
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/fnn"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/lazynpy/lazynpy/dataset"
)

const classes = 10

func main() {
	steps := flag.Int("steps", 500, "number of training steps")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: gomlx [-steps N] FILES")
		os.Exit(2)
	}
	if _, err := run(context.Background(), os.Stdout, flag.Args(), *steps); err != nil {
		fmt.Fprintln(os.Stderr, "gomlx:", err)
		os.Exit(1)
	}
}

// run trains and returns the share of samples that are classified right.
func run(ctx context.Context, out io.Writer, files []string, steps int) (float64, error) {
	backend, err := gobackend.New("")
	if err != nil {
		return 0, err
	}
	defer backend.Finalize()
	training, err := open(ctx, backend, "training", dataset.Config{
		Files: files, Subset: dataset.Fraction(0, 0.8, 1), Order: dataset.Shuffle(), Seed: 1, Batch: 32, Last: dataset.Drop, Epochs: -1,
	})
	if err != nil {
		return 0, err
	}
	defer training.Close()
	evaluation, err := open(ctx, backend, "evaluation", dataset.Config{
		Files: files, Subset: dataset.Fraction(0.8, 1, 1), Batch: 32, Last: dataset.Drop,
	})
	if err != nil {
		return 0, err
	}
	defer evaluation.Close()

	store := model.NewStore()
	store.SetParam(model.ParamInitialSeed, int64(1))
	accuracy := metric.NewMeanMetric("accuracy", "acc", metric.AccuracyMetricType, right, nil)
	trainer := train.NewTrainer(backend, store, classifier, loss.CategoricalCrossEntropyLogits,
		optimizer.Adam().LearningRate(0.003).Done(), nil, []metric.Interface{accuracy})
	if _, err := train.NewLoop(trainer).RunSteps(training, steps); err != nil {
		return 0, err
	}
	metrics, err := trainer.Eval(evaluation)
	if err != nil {
		return 0, err
	}
	share := float64(metrics[1].Value().(float32))
	fmt.Fprintf(out, "%d of %d samples seen for evaluation, accuracy %.3f\n",
		evaluation.Metrics().Samples, evaluation.Len(), share)
	return share, nil
}

// open is a data set of images from 0 to 1 and one-hot labels.
func open(ctx context.Context, backend compute.Backend, name string, c dataset.Config) (Batches, error) {
	c.Inputs = []dataset.Column{{Key: "x", Scale: 1. / 255}}
	c.Targets = []dataset.Column{{Key: "y", Classes: classes}}
	d, err := dataset.Open(ctx, c)
	return Batches{d, name, backend}, err
}

func classifier(scope *model.Scope, images *graph.Node) *graph.Node {
	flat := graph.Reshape(images, images.Shape().Dimensions[0], -1)
	return fnn.New(scope, flat, classes).NumHiddenLayers(1, 32).Activation(activation.TypeRelu).Done()
}

// right is the share of samples whose largest logit is that of their class.
func right(_ *model.Scope, labels, logits []*graph.Node) *graph.Node {
	hit := graph.Equal(graph.ArgMax(labels[0], -1), graph.ArgMax(logits[0], -1))
	return graph.ReduceAllMean(graph.ConvertDType(hit, dtypes.Float32))
}
