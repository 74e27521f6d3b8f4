package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lapak/internal/authz"
	"lapak/internal/backup"
	"lapak/internal/backup/s3"
	"lapak/internal/backup/sftp"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/mail"
	"lapak/internal/store"
	"lapak/internal/web"
)

// BackupFolder is the folder of backups; empty if none are made.
func (c *Config) BackupFolder() string {
	if c.BackupDir == "" || filepath.IsAbs(c.BackupDir) {
		return c.BackupDir
	}
	return filepath.Join(c.Data, c.BackupDir)
}

// validateBackups judges the settings of backups that need no secret.
func (c *Config) validateBackups(bad func(name, format string, args ...any)) {
	if c.BackupDir == "" {
		return
	}
	if c.BackupEvery < 5*time.Minute || c.BackupEvery > 31*24*time.Hour {
		bad("backup-every", "%v is not between 5m and 744h", c.BackupEvery)
	}
	if c.DrillEvery != 0 && (c.DrillEvery < time.Hour || c.DrillEvery > 366*24*time.Hour) {
		bad("drill-every", "%v is neither 0 nor between 1h and 8784h", c.DrillEvery)
	}
	if _, err := backup.ParseKeep(c.BackupKeep); err != nil {
		bad("backup-keep", "%v", err)
	}
	if err := (backup.Lock{Recipient: c.BackupAge}).Check(); err != nil {
		bad("backup-age", "%v", err)
	}
	for _, to := range c.backupPlaces() {
		if scheme, _, has := strings.Cut(to, "://"); has && scheme != "s3" && scheme != "s3+http" && scheme != "sftp" || !has && !filepath.IsAbs(to) {
			bad("backup-to", "%q is neither s3://host/bucket/folder, sftp://user@host/folder nor /folder", masked(to))
		}
	}
}

func (c *Config) backupPlaces() []string {
	var out []string
	for to := range strings.SplitSeq(c.BackupTo, ",") {
		if to = strings.TrimSpace(to); to != "" {
			out = append(out, to)
		}
	}
	return out
}

// keyMark tells one installation's key from another's without showing it.
func keyMark(root []byte) string { return hex.EncodeToString(web.Key(root, "backup mark")[:8]) }

// backupSettings reads the secrets of backups from the environment.
func (c *Config) backupSettings(root []byte, log *slog.Logger) (backup.Settings, error) {
	set := backup.Settings{
		Dir: c.BackupFolder(), Every: c.BackupEvery, DrillEvery: c.DrillEvery, Temp: c.Temp(),
		Program: "lapak", Key: keyMark(root), Invariants: Invariants, Log: log,
		Room: func(dir string) (free, total uint64) {
			free, total, err := diskSpace(dir)
			if err != nil {
				return 1 << 62, 1 << 62 // unknown: the disk says so itself when it is full
			}
			return free, total
		},
	}
	if !set.On() {
		return set, nil
	}
	var err error
	if set.Keep, err = backup.ParseKeep(c.BackupKeep); err != nil {
		return set, fmt.Errorf("--backup-keep: %w", err)
	}
	phrase := os.Getenv("LAPAK_BACKUP_PASSPHRASE")
	set.Lock = backup.Lock{Recipient: c.BackupAge, Passphrase: phrase}
	if err := set.Lock.Check(); err != nil {
		return set, fmt.Errorf("--backup-age, LAPAK_BACKUP_PASSPHRASE: %w", err)
	}
	if set.Keys, err = backupKeys(c.BackupIdentity); err != nil {
		return set, err
	}
	for _, to := range c.backupPlaces() {
		var p backup.Place
		switch {
		case strings.HasPrefix(to, "s3"):
			p, err = s3.Open(to, s3.Secrets{Key: os.Getenv("LAPAK_BACKUP_S3_KEY"), Secret: os.Getenv("LAPAK_BACKUP_S3_SECRET")})
		case strings.HasPrefix(to, "sftp"):
			p, err = sftp.Open(to, sftp.Secrets{
				KeyFile: os.Getenv("LAPAK_BACKUP_SFTP_KEY"), Password: os.Getenv("LAPAK_BACKUP_SFTP_PASSWORD"), HostKey: os.Getenv("LAPAK_BACKUP_SFTP_HOST_KEY"),
			})
		default:
			p = backup.Folder(to)
		}
		if err != nil {
			return set, fmt.Errorf("--backup-to: %w", err)
		}
		set.To = append(set.To, p)
	}
	return set, nil
}

// backupKeys reads what opens sealed backups.
func backupKeys(identity string) (backup.Keys, error) {
	var file io.Reader
	if identity != "" {
		f, err := os.Open(identity)
		if err != nil {
			return backup.Keys{}, fmt.Errorf("--backup-identity: %w", err)
		}
		defer func() { _ = f.Close() }()
		file = f
	}
	k, err := backup.ReadKeys(file, os.Getenv("LAPAK_BACKUP_PASSPHRASE"))
	if err != nil {
		return k, fmt.Errorf("--backup-identity: %w", err)
	}
	return k, nil
}

// backups makes the service of backups. Secrets that are missing stop only
// what needs them: the server, not the other commands.
func (a *App) backups() {
	set, err := a.Config.backupSettings(a.root, a.log)
	a.backupErr = err
	a.Backups = backup.New(a.DB, set)
	a.Backups.OnFail = a.mailAdmins
}

// mailAdmins tells those who run the installation that a backup or a drill
// went wrong.
func (a *App) mailAdmins(ctx context.Context, tx *store.Tx, kind backup.Kind, why string) error {
	if !a.Mail.On() {
		return nil
	}
	list, err := a.Accounts.AdminMails(ctx, tx)
	if err != nil {
		return err
	}
	for _, to := range list {
		if err := a.Mail.Put(ctx, tx, authz.Job(id.ID{}), mail.Message{
			To: to, Subject: a.Words.Say(i18n.ID, "mail.backup_"+string(kind)),
			Text: a.Words.Say(i18n.ID, "mail.backup_"+string(kind)+"_text", why, a.Config.Base()+"/admin/cadangan"),
		}); err != nil {
			return err
		}
	}
	return nil
}

// measureBackups registers the figures of backups.
func (a *App) measureBackups() {
	gauge := func(name, help string, read func(backup.Gauges) float64) {
		a.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			g, err := a.Backups.Gauges(ctx)
			if err != nil {
				return -1
			}
			return read(g)
		}))
	}
	age := func(d time.Duration) float64 {
		if d < 0 {
			return -1
		}
		return d.Seconds()
	}
	gauge("lapak_backup_age_seconds", "Age of the newest point that can be restored; -1: none.", func(g backup.Gauges) float64 { return age(g.Age) })
	gauge("lapak_drill_age_seconds", "Age of the newest drill that went well; -1: none.", func(g backup.Gauges) float64 { return age(g.DrillAge) })
	count := func(name, help string, read func(backup.Gauges) int64) {
		a.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 {
			return float64(read(a.Backups.Failed()))
		}))
	}
	count("lapak_backup_failures_total", "Backups of this process that went wrong, a missing copy elsewhere included.", func(g backup.Gauges) int64 { return g.Failures })
	count("lapak_drill_failures_total", "Drills of this process that went wrong.", func(g backup.Gauges) int64 { return g.DrillsFailed })
}

// Saved is what a backup came to, for who runs the command.
type Saved struct {
	Path       string
	Size, Rows int64
	Tables     int
	Sealed     bool
	Took       time.Duration
}

// Save writes a backup into a file, or under its own name into a folder. The
// server may run; the database may be older than this program.
func Save(ctx context.Context, c Config, to string, log *slog.Logger) (s Saved, err error) {
	began := time.Now()
	root, err := keyThere(c.Data)
	if err != nil {
		return s, err
	}
	c.BackupDir, c.BackupTo = "x", ""
	set, err := c.backupSettings(root, log)
	if err != nil {
		return s, err
	}
	db, err := store.Open(ctx, c.DSN(), store.Options{Log: log})
	if err != nil {
		return s, fmt.Errorf("open the database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if bare, err := db.Untouched(ctx); err != nil || bare {
		return s, errors.Join(err, errors.New("there is nothing in the database"))
	}
	return save(store.Long(ctx), db, set, to, began)
}

func save(ctx context.Context, db *store.DB, set backup.Settings, to string, began time.Time) (Saved, error) {
	var m backup.Made
	write := func(w io.Writer) (err error) {
		m, err = backup.Write(ctx, db, backup.Source{Program: set.Program, Key: set.Key, Lock: set.Lock}, w)
		return err
	}
	if st, err := os.Stat(to); err == nil && st.IsDir() {
		name, made, err := backup.Save(to, func(w io.Writer) (backup.Made, error) { err := write(w); return m, err })
		if err != nil {
			return Saved{}, err
		}
		to, m = filepath.Join(to, name), made
	} else if err := backup.Whole(to, write); err != nil {
		return Saved{}, err
	}
	return Saved{to, m.Size, m.Manifest.Rows(), len(m.Manifest.Parts), m.Header.Sealed, time.Since(began)}, nil
}

// keyThere reads the key and never makes one: with another key much of the
// data could not be read.
func keyThere(data string) ([]byte, error) {
	if os.Getenv("LAPAK_KEY") == "" {
		if _, err := os.Stat(filepath.Join(data, "key")); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the key is missing: put the installation's key file at %s, or set LAPAK_KEY", filepath.Join(data, "key"))
		}
	}
	return Key(data)
}

// beforeMigration keeps a copy of the database as it was before this program
// changes its form.
func beforeMigration(ctx context.Context, c Config, db *store.DB, root []byte, log *slog.Logger) error {
	if c.BackupDir == "" {
		return nil
	}
	n, err := db.Pending(ctx)
	if err != nil {
		return err
	}
	if n <= 0 { // less: a newer program was here, and this one writes now
		if err := backup.Settled(c.BackupFolder()); err != nil {
			log.WarnContext(ctx, "a mark in the folder of backups stays", "error", err)
		}
		return nil
	}
	if bare, err := db.Untouched(ctx); err != nil || bare {
		return err
	}
	c.BackupTo = ""
	set, err := c.backupSettings(root, log)
	if err != nil {
		return err
	}
	name, made, err := backup.Before(store.Long(ctx), db, set)
	if errors.Is(err, store.ErrHidden) {
		log.WarnContext(ctx, "no copy was kept before the database is brought to its newest form", "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("keep a copy before the database is brought to its newest form (--backup-dir \"\" does without): %w", err)
	}
	if name != "" {
		log.InfoContext(ctx, "kept a copy before the database is brought to its newest form", "file", name, "bytes", made.Size, "steps", n)
	}
	return nil
}

// BackupNow makes a backup as the schedule does: into the folder, copied to the
// other places, old ones thrown away.
func (a *App) BackupNow(ctx context.Context) (backup.Run, error) {
	if a.backupErr != nil {
		return backup.Run{}, a.backupErr
	}
	if !a.Backups.Settings().On() {
		return backup.Run{}, backup.ErrOff
	}
	if err := a.Backups.Run(ctx, backup.Backup, nil); err != nil {
		return backup.Run{}, err
	}
	o, err := a.Backups.Overview(ctx, authz.Job(id.ID{}))
	if err != nil || o.Newest == nil {
		return backup.Run{}, errors.Join(err, backup.ErrNone)
	}
	if o.Newest.Error != "" {
		return *o.Newest, errors.New(o.Newest.Error)
	}
	return *o.Newest, nil
}

// wordsOf is what a backup says of itself, for a command.
func wordsOf(m backup.Made) []string {
	h := m.Header
	sealed := "open"
	if h.Sealed {
		sealed = "sealed"
	}
	return []string{
		fmt.Sprintf("made       %s by %s on %s, %s", h.MadeAt.Format(time.RFC3339), h.Program, h.Engine, sealed),
		fmt.Sprintf("size       %d bytes, SHA-256 %x", m.Size, m.Sum),
		fmt.Sprintf("form       %d steps, the newest %d", len(h.Migrations), slices.Max(append([]int64{0}, h.Migrations...))),
	}
}
