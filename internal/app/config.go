// Package app puts the program together: it opens the store, makes the
// services, sets the hooks between them, mounts the routes and starts the jobs.
package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lapak/internal/booking"
	"lapak/internal/mail"
)

// Config says how an installation runs. Package cmd/lapak fills it from flags
// and LAPAK_* variables; Validate judges it.
type Config struct {
	Addr           string // where pages are served
	MetricsAddr    string // where Prometheus reads; empty: nowhere
	Data           string // folder of database, key and certificates
	DB             string // sqlite:PATH or postgres://...; empty: sqlite in Data
	BaseURL        string // how people reach it; empty: made from Addr
	Domain         string // serve HTTPS for this name, certificate by ACME
	ACMEDirectory  string // of the certificate authority
	ACMERoots      string // file of roots to trust when talking to it
	ACMEMail       string
	TLS            bool   // serve HTTPS with a certificate of our own
	Mail           string // URL of the mail server; empty: no mail
	MailFrom       string
	TrustedProxies string // addresses or prefixes, comma-separated
	LogLevel       string
	LogFormat      string
	RateFactor     int64 // multiplies the limits on requests; for load work

	BackupDir      string // folder of backups, in the data folder if relative; empty: none are made
	BackupEvery    time.Duration
	BackupKeep     string // how many stay: 24h7d4w12m
	BackupTo       string // where copies go, comma-separated: s3://, sftp:// or a folder
	BackupAge      string // public key to seal backups for
	BackupIdentity string // file of the private key; only where drills open sealed backups
	DrillEvery     time.Duration

	BiteshipKey   string // of the installation, for shops that have none of their own; empty: none
	RajaOngkirKey string // the same

	Demo bool // every page says that its data is sample data
}

// Validate returns one sentence for each setting that cannot be right.
func (c *Config) Validate() error {
	var errs []error
	bad := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("--"+name+": "+format, args...))
	}
	if c.Data == "" {
		bad("data", "name a folder")
	}
	if scheme, _, _ := strings.Cut(c.DB, ":"); c.DB != "" && scheme != "sqlite" && scheme != "postgres" && scheme != "postgresql" {
		bad("db", "%q is neither sqlite:PATH nor postgres://...", masked(c.DB))
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
			bad("base-url", "%q must look like https://lapak.example.org, without a path", c.BaseURL)
		}
	}
	if c.Domain != "" && (strings.ContainsAny(c.Domain, "/: ") || !strings.Contains(c.Domain, ".")) {
		bad("domain", "%q must be a bare name such as lapak.example.org", c.Domain)
	}
	if c.Domain != "" && c.TLS {
		bad("tls", "choose either --domain (a certificate by ACME) or --tls (one of our own)")
	}
	if _, err := mail.ParseURL(c.Mail, c.MailFrom); err != nil {
		bad("mail", "%v", err)
	}
	if _, err := c.Proxies(); err != nil {
		bad("trusted-proxies", "%v", err)
	}
	if _, err := c.level(); err != nil {
		bad("log-level", "%q is not debug, info, warn or error", c.LogLevel)
	}
	if c.LogFormat != "json" && c.LogFormat != "text" {
		bad("log-format", "%q is not json or text", c.LogFormat)
	}
	if c.RateFactor < 1 || c.RateFactor > 1_000_000 {
		bad("rate-factor", "%d is not between 1 and 1000000", c.RateFactor)
	}
	for name, key := range map[string]string{"biteship-key": c.BiteshipKey, "rajaongkir-key": c.RajaOngkirKey} {
		if key != "" && (len(key) < booking.MinKey || strings.ContainsAny(key, " \t\r\n")) {
			bad(name, "this is no key: at least %d letters, without spaces", booking.MinKey)
		}
	}
	c.validateBackups(bad)
	for name, addr := range map[string]string{"addr": c.Addr, "metrics-addr": c.MetricsAddr} {
		if addr != "" && !strings.Contains(addr, ":") {
			bad(name, "%q must look like localhost:8080 or :8080", addr)
		}
	}
	return errors.Join(errs...)
}

func (c *Config) level() (slog.Level, error) {
	var l slog.Level
	err := l.UnmarshalText([]byte(c.LogLevel))
	return l, err
}

// Proxies are the addresses whose X-Forwarded-* headers count.
func (c *Config) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for s := range strings.SplitSeq(c.TrustedProxies, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return nil, fmt.Errorf("%q is no address or prefix", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// DSN is the database that the settings name.
func (c *Config) DSN() string {
	if c.DB != "" {
		return c.DB
	}
	return "sqlite:" + filepath.Join(c.Data, "lapak.db")
}

// tempFolder is the folder, in that of the data, for what is in work. A server
// takes old things out of it when it starts.
const tempFolder = "tmp"

// Temp is the folder for what is in work; it may not be there yet.
func (c *Config) Temp() string {
	if c.Data == "" {
		return ""
	}
	return filepath.Join(c.Data, tempFolder)
}

// Base is the address that links begin with, without a slash at its end.
func (c *Config) Base() string {
	switch {
	case c.BaseURL != "":
		return strings.TrimSuffix(c.BaseURL, "/")
	case c.Domain != "":
		return "https://" + c.Domain
	}
	scheme := "http"
	if c.TLS {
		scheme = "https"
	}
	addr := c.listenAddr()
	if port, open := strings.CutPrefix(addr, ":"); open {
		host := "localhost"
		if list := addresses(); c.TLS && len(list) > 2 {
			host = list[2].String() // the machine's own in its network
		}
		addr = net.JoinHostPort(host, port)
	}
	return scheme + "://" + addr
}

// masked hides what a database address says of a password.
func masked(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		scheme, _, _ := strings.Cut(dsn, ":")
		return scheme + ":..."
	}
	return u.Redacted()
}

// veiled hides a secret, and shows that there is one.
func veiled(secret string) string {
	if secret == "" {
		return ""
	}
	return "xxxxx"
}

// Key reads the installation's root secret, making it at the first start. Keys
// of every purpose are derived from it; who loses it loses sealed columns and
// all sessions. LAPAK_KEY, 32 bytes in base64, takes its place.
func Key(data string) ([]byte, error) {
	if v := os.Getenv("LAPAK_KEY"); v != "" {
		b, err := base64.StdEncoding.DecodeString(v)
		if err != nil || len(b) != 32 {
			return nil, errors.New("LAPAK_KEY: want 32 random bytes in base64 (openssl rand -base64 32)")
		}
		return b, nil
	}
	name := filepath.Join(data, "key")
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		b = make([]byte, 32)
		if _, err := rand.Read(b); err != nil {
			return nil, fmt.Errorf("make the key: %w", err)
		}
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return Key(data) // another process was faster
		}
		if err != nil {
			return nil, fmt.Errorf("keep the key: %w", err)
		}
		_, err = f.Write(b)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return nil, fmt.Errorf("keep the key: %w", err)
		}
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	if len(b) != 32 {
		return nil, fmt.Errorf("%s: the key must be 32 bytes, it has %d", name, len(b))
	}
	if st, err := os.Stat(name); err == nil && st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: others may read the key; run: chmod 600 %s", name, name)
	}
	return b, nil
}

// Lines are the settings in force, passwords masked, one to a line.
func (c *Config) Lines() []string {
	show := func(name string, v any) string { return fmt.Sprintf("%-16s %v", name, v) }
	return []string{
		show("addr", c.Addr), show("metrics-addr", c.MetricsAddr), show("data", c.Data), show("db", masked(c.DSN())), show("base-url", c.Base()),
		show("domain", c.Domain), show("acme-directory", c.ACMEDirectory), show("tls", c.TLS), show("mail", masked(c.Mail)), show("mail-from", c.MailFrom),
		show("trusted-proxies", c.TrustedProxies), show("log-level", c.LogLevel), show("log-format", c.LogFormat), show("rate-factor", c.RateFactor),
		show("backup-dir", c.BackupFolder()), show("backup-every", c.BackupEvery), show("backup-keep", c.BackupKeep), show("backup-to", masked(c.BackupTo)),
		show("backup-age", c.BackupAge), show("backup-identity", c.BackupIdentity), show("drill-every", c.DrillEvery),
		show("biteship-key", veiled(c.BiteshipKey)), show("rajaongkir-key", veiled(c.RajaOngkirKey)),
	}
}
