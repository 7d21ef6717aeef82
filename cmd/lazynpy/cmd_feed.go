package main

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/signal"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/feed"
)

func newFeedCommand(c *cli) *cobra.Command {
	f := feeding{training: training{cli: c, endless: true}}
	cmd := &cobra.Command{
		Use:   "feed FILE...",
		Short: "Serve training batches to other processes of this machine",
		Long: "Feed reads the batches that package dataset makes of files for trainers in any language: they ask over a Unix\n" +
			"socket, and find the arrays in memory that they share with it. Python's is package lazynpy, and docs/feed.md\n" +
			"describes the protocol. It serves until it is interrupted, or with --fd until that connection is closed.",
		RunE: f.run,
	}
	f.register(cmd.Flags())
	return cmd
}

// feeding is one run of the verb.
type feeding struct {
	training
	socket string
	fd     int
}

func (f *feeding) register(set *pflag.FlagSet) {
	f.training.register(set, 0, "after how many epochs there are no more batches; 0 is never")
	set.StringVar(&f.socket, "socket", "", "`file` of the socket that clients connect to")
	set.IntVar(&f.fd, "fd", -1, "`number` of a descriptor that is a connection to the only client")
}

func (f *feeding) run(cmd *cobra.Command, files []string) error {
	switch {
	case (f.socket == "") == (f.fd < 0):
		return usagef("feed: give --socket or --fd, which is not negative")
	case !feed.Supported:
		return fmt.Errorf("feed is not supported on %s", runtime.GOOS)
	}
	// Who reads what is printed may go, and clients too: neither ends it.
	if pipeSignals != nil { // none is all
		signal.Reset(pipeSignals...)
	}
	if f.fd >= 0 {
		return f.one(cmd, files)
	}
	ctx := cmd.Context()
	d, err := f.open(cmd, files)
	if err != nil {
		return err
	}
	defer d.Close()
	l, err := feed.Listen(f.socket)
	if err != nil {
		return err
	}
	if err := f.describe(d); err != nil {
		return errors.Join(err, l.Close())
	}
	if err := feed.Serve(ctx, d, l); err != nil {
		return err
	}
	return f.report(d)
}

// one serves the client at the other end of the descriptor, until that is closed.
func (f *feeding) one(cmd *cobra.Command, files []string) error {
	c, err := connectionOf(f.fd)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, stop := feed.Watch(cmd.Context(), c)
	outer := cmd.Context()
	cmd.SetContext(ctx)
	d, err := f.open(cmd, files)
	gone := ctx.Err() != nil && outer.Err() == nil
	stop()
	switch {
	case err != nil && gone:
		return nil
	case err != nil:
		feed.Refuse(outer, c, err)
		return err
	}
	defer d.Close()
	if err := feed.ServeConn(outer, d, c); err != nil {
		return err
	}
	return f.report(d)
}

// connectionOf is a stream socket that the parent process gave.
func connectionOf(fd int) (*net.UnixConn, error) {
	if fd > math.MaxInt32 {
		return nil, usagef("feed: --fd %d is no descriptor", fd)
	}
	file := os.NewFile(uintptr(fd), fmt.Sprintf("descriptor %d", fd))
	if file == nil {
		return nil, fmt.Errorf("descriptor %d is not open", fd)
	}
	defer file.Close() // c is another descriptor of it
	c, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	}
	u, ok := c.(*net.UnixConn)
	if !ok || u.LocalAddr().Network() != "unix" {
		c.Close()
		return nil, fmt.Errorf("descriptor %d is no stream socket of the Unix domain", fd)
	}
	return u, nil
}

// feedJSON is what --json prints when clients can connect.
type feedJSON struct {
	datasetJSON
	Socket string `json:"socket"`
	Rings  int64  `json:"rings"` // bytes
}

func (f *feeding) describe(d *dataset.Dataset) error {
	rings := feed.Rings(d)
	if f.cli.flags.json {
		return f.cli.printJSON(feedJSON{asJSON(d), f.socket, rings})
	}
	text := fmt.Sprintf("%s for rings, of which a batch takes %s", chunk.FormatBytes(rings), chunk.FormatBytes(d.BatchBytes()))
	return f.cli.showDataset(d, []string{"memory", text}, []string{"socket", printable(f.socket)})
}
