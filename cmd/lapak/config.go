package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lapak/internal/app"
)

// options is what the flags of a subcommand fill.
type options struct {
	app.Config
	businesses, orders int
	seed               uint64
}

// flags makes the flag set of a subcommand. Each flag has a variable of the
// same name: --base-url is LAPAK_BASE_URL. A flag wins over its variable.
func flags(name string, o *options) *flag.FlagSet {
	fs := flag.NewFlagSet("lapak "+name, flag.ContinueOnError)
	addr, metrics, data := app.DefaultAddr, "localhost:9464", "data"
	if name == "demo" {
		metrics, data = "", defaultDemoData()
	}
	fs.StringVar(&o.Addr, "addr", addr, "`host:port` to serve pages on; with --domain :443, with --tls :8443")
	fs.StringVar(&o.MetricsAddr, "metrics-addr", metrics, "`host:port` to serve Prometheus metrics on; empty: none")
	fs.StringVar(&o.Data, "data", data, "`folder` of the database, the key and the certificates")
	fs.StringVar(&o.DB, "db", "", "database: sqlite:PATH or postgres://user:password@host/name; empty: sqlite in the data folder")
	fs.StringVar(&o.BaseURL, "base-url", "", "`address` by which people reach this server, such as https://lapak.example.org")
	fs.StringVar(&o.Domain, "domain", "", "serve HTTPS for this `name` on :443 (and :80), with a certificate by ACME")
	fs.StringVar(&o.ACMEDirectory, "acme-directory", "", "`address` of the certificate authority; empty: Let's Encrypt")
	fs.StringVar(&o.ACMERoots, "acme-roots", "", "`file` of root certificates to trust when talking to the certificate authority")
	fs.StringVar(&o.ACMEMail, "acme-mail", "", "`mail` address the certificate authority may write to")
	fs.BoolVar(&o.TLS, "tls", false, "serve HTTPS with a certificate of our own (phones ask once whether to trust it)")
	fs.StringVar(&o.Mail, "mail", "", "mail server: smtp://user:password@host:587, smtps://...:465 or smtp+plain://localhost:25; empty: no mail")
	fs.StringVar(&o.MailFrom, "mail-from", "", "sender of mail, such as \"Lapak <lapak@example.org>\"")
	fs.StringVar(&o.TrustedProxies, "trusted-proxies", "", "`addresses` whose X-Forwarded-* headers count, comma-separated")
	fs.StringVar(&o.LogLevel, "log-level", logLevel(name), "debug, info, warn or error")
	fs.StringVar(&o.LogFormat, "log-format", logFormat(name), "json or text")
	fs.Int64Var(&o.RateFactor, "rate-factor", 1, "multiply the limits on requests, for load work")
	dir := "backups"
	if name == "demo" {
		dir = ""
	}
	fs.StringVar(&o.BackupDir, "backup-dir", dir, "`folder` of backups, in the data folder if it does not begin with /; empty: none are made")
	fs.DurationVar(&o.BackupEvery, "backup-every", 24*time.Hour, "how often a backup is made")
	fs.StringVar(&o.BackupKeep, "backup-keep", "24h7d4w12m", "how many stay: hourly, daily, weekly, monthly")
	fs.StringVar(&o.BackupTo, "backup-to", "", "where copies go, comma-separated: s3://host/bucket/folder, sftp://user@host/folder, /folder; secrets in the environment (docs/operations.md)")
	fs.StringVar(&o.BackupAge, "backup-age", "", "public `key` (age1...) that backups are sealed for; or LAPAK_BACKUP_PASSPHRASE")
	fs.StringVar(&o.BackupIdentity, "backup-identity", "", "`file` of the private key that opens sealed backups; for restore and drill, best kept off the server")
	fs.DurationVar(&o.DrillEvery, "drill-every", 30*24*time.Hour, "how often the newest backup is brought back aside and checked; 0: never")
	fs.StringVar(&o.BiteshipKey, "biteship-key", "", "`key` of Biteship for shops without one of their own; better as LAPAK_BITESHIP_KEY; empty: each shop brings its own")
	fs.StringVar(&o.RajaOngkirKey, "rajaongkir-key", "", "`key` of RajaOngkir for shops without one of their own; better as LAPAK_RAJAONGKIR_KEY")
	if name == "demo" {
		fs.IntVar(&o.businesses, "businesses", 120, "how many businesses the demo has")
		fs.IntVar(&o.orders, "orders", 0, "how many orders all of them have; 0: as many as their rhythm makes in 12 months")
		fs.Uint64Var(&o.seed, "seed", 1, "another seed, another demo; the same seed, the same demo")
	}
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "Usage: lapak %s [flags]\n\nEach flag can be set by a variable too: --base-url is LAPAK_BASE_URL.\n\n", name)
		fs.PrintDefaults()
	}
	return fs
}

// logLevel keeps a demo's console to what it says itself.
func logLevel(name string) string {
	if name == "demo" {
		return "error"
	}
	return "info"
}

func logFormat(name string) string {
	if name == "serve" {
		return "json"
	}
	return "text"
}

func defaultDemoData() string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "lapak-demo")
	}
	return filepath.Join(os.TempDir(), "lapak-demo")
}

var errUsage = errors.New("usage")

// parse reads the variables, then the flags, and refuses what cannot be right.
func parse(name string, args []string, out io.Writer) (*options, []string, error) {
	var o options
	fs := flags(name, &o)
	fs.SetOutput(out)
	var errs []error
	fs.VisitAll(func(f *flag.Flag) {
		v, ok := os.LookupEnv(variable(f.Name))
		if !ok {
			return
		}
		if err := fs.Set(f.Name, v); err != nil {
			errs = append(errs, fmt.Errorf("%s: %q: %w", variable(f.Name), v, err))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, nil, err
		}
		return nil, nil, errUsage // the flag set has said what is wrong
	}
	o.Demo = name == "demo"
	if o.Demo && (o.businesses < 1 || o.businesses > 1_000_000) {
		return nil, nil, fmt.Errorf("--businesses: %d is not between 1 and 1000000", o.businesses)
	}
	if o.Demo && (o.orders < 0 || o.orders > 100_000_000) {
		return nil, nil, fmt.Errorf("--orders: %d is not between 0 and 100000000", o.orders)
	}
	return &o, fs.Args(), o.Validate()
}

func variable(name string) string {
	return "LAPAK_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
