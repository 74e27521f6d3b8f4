package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/bench"
)

const benchHelp = `Usage: lapak bench [flags]

Measures how fast pages and orders are on this machine, beside what the machine
itself can do. Without --url it starts servers of its own on made-up data,
which it removes again. Stages: %s.

`

// measure runs the benchmarks and prints what came out.
func measure(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "bare" {
		fs := flag.NewFlagSet("lapak bench bare", flag.ContinueOnError)
		addr := fs.String("addr", "127.0.0.1:0", "`host:port` of this machine")
		if err := fs.Parse(args[1:]); err != nil {
			return errUsage
		}
		return bench.Bare(ctx, *addr)
	}
	o := bench.Options{Slice: time.Second, Rounds: 2, Shops: 12, Say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	fs := flag.NewFlagSet("lapak bench", flag.ContinueOnError)
	var dbs, stages, clients, orders, out string
	var quick bool
	fs.StringVar(&o.URL, "url", "", "`address` on this machine of a server that runs already; it should run with --rate-factor 1000000")
	fs.StringVar(&o.Phone, "phone", "", "of who owns a shop at --url; empty: no owner's pages")
	fs.StringVar(&o.Password, "password", "", "of the same")
	fs.BoolVar(&o.Writes, "orders-too", false, "place orders at --url as well")
	fs.StringVar(&dbs, "db", "sqlite", "`databases` to measure, comma-separated: sqlite, or postgres://... of an empty database whose user may make others")
	fs.StringVar(&stages, "stages", "", "what to measure, comma-separated; empty: idle,pages,orders,import")
	fs.StringVar(&o.Only, "only", "", "of the workloads, those whose name holds this `text`")
	fs.StringVar(&clients, "clients", "1,8,32,128", "`numbers` of clients")
	fs.DurationVar(&o.Slice, "slice", o.Slice, "how long a turn of the server, or of its limit, lasts")
	fs.IntVar(&o.Rounds, "rounds", o.Rounds, "how many turns of each")
	fs.IntVar(&o.Shops, "shops", o.Shops, "how many shops the made-up data has")
	fs.StringVar(&orders, "orders", "10000,1000000", "`numbers` of orders to compare, for the stage scale")
	fs.IntVar(&o.Products, "products", 1_000_000, "how many products the directory has, for the stage search")
	fs.IntVar(&o.ImportRows, "import-rows", 20_000, "how many rows each file has, for the stage import")
	fs.StringVar(&o.Dir, "dir", "", "`folder` for the made-up data; empty: that of temporary files")
	fs.BoolVar(&o.Keep, "keep", false, "leave the made-up data where it is")
	fs.BoolVar(&quick, "quick", false, "a run of seconds, to see that it works")
	fs.StringVar(&out, "json", "", "`file` to write the figures to, for programs; -: the console, instead of the table")
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), benchHelp, strings.Join(bench.StageNames, ", "))
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected %q", fs.Arg(0))
	}
	o.Engines = words(dbs)
	for _, s := range words(stages) {
		if !slices.Contains(bench.StageNames, s) {
			return fmt.Errorf("--stages: there is no %q", s)
		}
		o.Stages = append(o.Stages, s)
	}
	for _, s := range words(clients) {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("--clients: %q is no number", s)
		}
		o.Clients = append(o.Clients, n)
	}
	for _, s := range words(orders) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 1 || n > 20_000_000 {
			return fmt.Errorf("--orders: %q is not between 1 and 20000000", s)
		}
		o.Orders = append(o.Orders, n)
	}
	if quick {
		o.Quick()
	}
	var err error
	if o.Program, err = os.Executable(); err != nil {
		return err
	}
	r, err := bench.Run(ctx, o)
	if r != nil && (len(r.Measured) > 0 || len(r.Facts) > 0) {
		r.Program = versionText()
		err = errors.Join(err, print(r, out))
	}
	return err
}

func print(r *bench.Result, file string) error {
	if file == "-" {
		return r.WriteJSON(os.Stdout)
	}
	if file != "" {
		f, err := os.Create(file)
		if err != nil {
			return fmt.Errorf("--json: %w", err)
		}
		if err := errors.Join(r.WriteJSON(f), f.Close()); err != nil {
			return fmt.Errorf("--json: %w", err)
		}
	}
	return r.Write(io.Writer(os.Stdout))
}

// words splits a list at its commas.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
