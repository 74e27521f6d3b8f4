// Command lapak is the whole of Lapak in one program: it serves the pages,
// brings the database to its newest form, checks the installation and helps
// its administrator.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// version is set by the linker in released binaries.
var version string

const help = `Lapak: an online stall for small businesses, and the office that serves them.

Usage: lapak COMMAND [flags]

  serve      serve the installation
  demo       serve a complete demo with sample data
  migrate    bring the database to its newest form
  check      look whether everything is in order
  shop       carry a whole shop: lapak shop export SLUG FILE; lapak shop import FILE [--slug OTHER]
  transfer   copy the whole installation to another database and compare: lapak transfer --to postgres://... or --to sqlite:PATH
  backup     make a backup now, in one file, while the server runs: lapak backup [FILE]
  restore    bring one back into an empty place: lapak restore FILE
  drill      bring one back aside and look whether it is whole: lapak drill [FILE]
  admin      reset a sign-in: lapak admin reset PHONE [--factor]; first admin: lapak admin link
  bench      measure how fast this machine serves
  config     print the settings in force, secrets masked
  version    print the version

lapak COMMAND --help shows the flags of a command.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run runs one subcommand: 0 if all went well, 1 if not, 2 for a wrong call.
func run(ctx context.Context, args []string) int {
	name := "help"
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	var err error
	switch name {
	case "serve":
		err = serve(ctx, args)
	case "demo":
		err = demonstrate(ctx, args)
	case "migrate":
		err = migrate(ctx, args)
	case "check":
		err = check(ctx, args)
	case "backup":
		err = backup(ctx, args)
	case "restore":
		err = restore(ctx, args)
	case "drill":
		err = drill(ctx, args)
	case "shop":
		err = shop(ctx, args)
	case "transfer":
		err = transfer(ctx, args)
	case "admin":
		err = admin(ctx, args)
	case "bench":
		err = measure(ctx, args)
	case "config":
		err = config(args)
	case "version", "--version":
		fmt.Println(versionText())
	case "help", "--help", "-h":
		fmt.Print(help)
	default:
		fmt.Fprintf(os.Stderr, "lapak: there is no command %q.\n\n%s", name, help)
		return 2
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	default:
		fmt.Fprintf(os.Stderr, "lapak %s: %v\n", name, err)
		return 1
	}
}

func versionText() string {
	v, revision, dirty := version, "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = " " + s.Value[:min(12, len(s.Value))]
			case "vcs.modified":
				if s.Value == "true" {
					dirty = " (changed)"
				}
			}
		}
		if v == "" {
			v = "development"
		}
		return fmt.Sprintf("lapak %s%s%s, %s", v, revision, dirty, info.GoVersion)
	}
	return "lapak " + v
}
