package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/backup"
	"lapak/internal/customer"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

var rootKey = bytes.Repeat([]byte{3}, 32)

// keeper is an installation over the site's database that keeps backups, with
// mail that is written and goes nowhere.
func keeper(t *testing.T, s site, to string) *app.App {
	t.Helper()
	c := s.Config
	c.BackupDir, c.BackupEvery, c.BackupKeep, c.BackupTo, c.DrillEvery = filepath.Join(c.Data, "backups"), time.Hour, "2h", to, 24*time.Hour
	c.Mail, c.MailFrom = "smtp+plain://localhost:2525", "lapak@contoh.id"
	a, err := app.Wire(c, s.DB, rootKey, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Backups.Stop)
	return a
}

// target is an empty place of the other engines' kinds to bring a backup back to.
func targets(t *testing.T) map[string]app.Config {
	t.Setenv("LAPAK_KEY", base64.StdEncoding.EncodeToString(rootKey))
	return map[string]app.Config{
		"sqlite":   {Data: t.TempDir(), LogLevel: "warn", LogFormat: "text"},
		"postgres": {Data: t.TempDir(), DB: storetest.EmptyPostgresDSN(t), LogLevel: "warn", LogFormat: "text"},
	}
}

// All that was answered before the backup began is in it, though people went
// on buying, and what holds of the data holds of what comes back. Who was
// erased since stays erased.
func TestBackupUnderOrdersComesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Cadangan", 100_000)
		place := func() (id.ID, error) {
			o, err := s.Orders.Place(context.WithoutCancel(t.Context()), sh.sc, order.Draft{
				ID: id.New(), Channel: order.Chat, Lines: []stock.Want{{Variant: sh.variant, Quantity: 1}}, Name: "Bu Ani", Phone: newPhone(),
				Way: order.Own, Village: jatimukti, Street: "Jl. Raya", PayBy: payment.COD,
			})
			return o.ID, err
		}
		var before []id.ID
		for range 30 {
			o, err := place()
			if err != nil {
				t.Fatal(err)
			}
			before = append(before, o)
		}
		stop := make(chan struct{})
		var load sync.WaitGroup
		for range 3 {
			load.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						if _, err := place(); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		k := keeper(t, s, "")
		run, err := k.BackupNow(t.Context())
		close(stop)
		load.Wait()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(k.Config.BackupFolder(), run.File)

		// After the backup a shop erases somebody.
		gone := id.ID{}
		if err := db.View(t.Context(), sh.job(), func(tx *store.Tx) error {
			return tx.QueryRowContext(t.Context(), "SELECT customer_id FROM orders WHERE business_id = $1 AND id = $2", sh.sc.Business, before[0]).Scan(&gone)
		}); err != nil {
			t.Fatal(err)
		}
		if err := k.Customers.Erase(t.Context(), sh.sc, gone); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}

		for engine, c := range targets(t) {
			t.Run("into "+engine, func(t *testing.T) {
				var said strings.Builder
				if err := app.Restore(t.Context(), c, app.From{File: file}, func(f string, a ...any) { fmt.Fprintf(&said, f+"\n", a...) }); err != nil {
					t.Fatalf("%v\n%s", err, said.String())
				}
				if !strings.Contains(said.String(), "1 of them done again") {
					t.Errorf("it does not tell of the erasure:\n%s", said.String())
				}
				back := storetest.Open(t, c.DSN())
				storetest.Holds(t, back, app.Invariants)
				r := newSite(t, back)
				for _, o := range before {
					if _, err := r.Orders.Get(t.Context(), sh.sc, o); err != nil {
						t.Fatalf("order %s: %v", o, err)
					}
				}
				d, err := r.Customers.Get(t.Context(), sh.sc, gone)
				if err != nil || d.ErasedAt == nil || d.Name != "" {
					t.Errorf("who was erased is back: %v %q, %v", d.ErasedAt, d.Name, err)
				}
				if err := app.Restore(t.Context(), c, app.From{File: file}, func(string, ...any) {}); err == nil {
					t.Error("it was restored over what was there")
				}
			})
		}
		// What an older database left beside its place would be played over what comes back.
		for _, end := range []string{"-wal", "-shm"} {
			c := app.Config{Data: t.TempDir(), LogLevel: "warn", LogFormat: "text"}
			left := filepath.Join(c.Data, "lapak.db"+end)
			if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := app.Restore(t.Context(), c, app.From{File: file}, func(string, ...any) {}); err == nil || !strings.Contains(err.Error(), left) {
				t.Errorf("restored beside %s: %v", left, err)
			}
		}
	})
}

// A list of erasures that knows more than the database, as after a restore,
// stays as it is and grows: nobody who was erased is forgotten.
func TestErasuresStayListed(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Lupa", 10)
	to := t.TempDir()
	before := []backup.Erasure{{Business: id.New(), Customer: id.New(), At: time.Date(2026, 3, 1, 2, 3, 4, 5000, time.UTC)}}
	if err := backup.Whole(filepath.Join(to, backup.ErasureFile), func(w io.Writer) error { return backup.WriteErasures(w, before) }); err != nil {
		t.Fatal(err)
	}
	k := keeper(t, s, to)
	gone, err := k.Customers.Add(t.Context(), sh.sc, customer.Change{Name: "Rina", Phone: "+6281234567890"})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Customers.Erase(t.Context(), sh.sc, gone.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := k.BackupNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{to, k.Config.BackupFolder()} {
		f, err := os.Open(filepath.Join(dir, backup.ErasureFile))
		if err != nil {
			t.Fatal(err)
		}
		list, err := backup.ReadErasures(f)
		_ = f.Close()
		if err != nil || len(list) != 2 || list[0] != before[0] || list[1].Customer != gone.ID {
			t.Errorf("%s lists %v, %v", dir, list, err)
		}
	}
}

// A drill asks for room where it works, also when that folder is not there yet,
// as after each start.
func TestADrillAsksForRoom(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	k := keeper(t, s, "")
	set := k.Backups.Settings()
	set.Temp = filepath.Join(t.TempDir(), "tmp")
	full := func(dir string) (free, total uint64) {
		if _, err := os.Stat(dir); err != nil {
			return 1 << 62, 1 << 62 // as nobody knows
		}
		return 1 << 20, 1 << 30
	}
	if _, err := k.BackupNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	set.Room = full
	if err := backup.New(s.DB, set).Run(t.Context(), backup.Drill, nil); !errors.Is(err, backup.ErrRoom) {
		t.Errorf("a drill on a disk that is nearly full = %v, want ErrRoom", err)
	}
}

// The drill passes a clean backup and catches one whose data is not in order,
// one that was altered, and says so to the admin: on the page, by mail, in the
// figures.
func TestDrillCatchesWhatIsNotInOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Uji", 10)
		away := t.TempDir()
		k := keeper(t, s, away)
		_, sc := s.plant(t, account.Planted{Name: "Admin", Role: authz.Admin})
		if err := db.Tx(t.Context(), authz.Job(id.ID{}), func(tx *store.Tx) error {
			_, err := tx.ExecContext(t.Context(), "UPDATE people SET mail = 'admin@contoh.id' WHERE id = $1", sc.Actor)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		quiet := func(string, ...any) {}
		if err := k.DrillNow(t.Context(), quiet); err == nil {
			t.Error("a drill without a backup went well")
		}
		if _, err := k.BackupNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := k.DrillNow(t.Context(), quiet); err != nil {
			t.Fatal("the control: ", err)
		}
		look := func() backup.Overview {
			o, err := k.Backups.Overview(t.Context(), sc)
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		if o := look(); o.Drill == nil || o.Drill.Report == nil || o.Drill.Report.From != away || o.Drill.Report.Rows == 0 || len(o.Drill.Report.Broken) != 0 {
			t.Fatalf("drill %+v", o.Drill)
		}
		if err := db.Tx(t.Context(), sh.job(), func(tx *store.Tx) error {
			_, err := tx.ExecContext(t.Context(), "UPDATE stock_levels SET on_hand = on_hand + 7 WHERE business_id = $1", sh.sc.Business)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := k.BackupNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := k.DrillNow(t.Context(), quiet); err == nil {
			t.Error("a drill went well on data whose stock is not what its moves say")
		}
		o := look()
		if o.Drill.State != backup.Failed || len(o.Drill.Report.Broken) == 0 {
			t.Errorf("drill %+v", o.Drill)
		}
		// A byte of the copy elsewhere changes.
		name := filepath.Join(away, o.Newest.File)
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := k.DrillNow(t.Context(), quiet); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("a drill of an altered file = %v", err)
		}
		g, err := k.Backups.Gauges(t.Context())
		if err != nil || g.DrillsFailed != 3 || g.Failures != 0 || g.Age < 0 || g.DrillAge < 0 {
			t.Errorf("figures %+v, %v", g, err)
		}
		if n := s.one(t, authz.Job(id.ID{}), "SELECT count(*) FROM mails WHERE recipient = 'admin@contoh.id'"); n != 3 {
			t.Errorf("%d mails to the admin, want 3", n)
		}
	})
}

// A place that does not take its copy is told of, keeps what it has, and the
// backup counts; with retention, two stay.
func TestBackupWithAPlaceThatFails(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.shop(t, "Dapur Jauh", 10)
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k := keeper(t, s, filepath.Join(blocked, "sub")) // a folder below a file cannot be made
	now := s.DB.Now()
	for i := range 4 {
		s.DB.Now = func() time.Time { return now.Add(time.Duration(i) * time.Hour) }
		if _, err := k.BackupNow(t.Context()); err == nil {
			t.Fatal("nobody said that a copy is missing")
		}
	}
	list, err := backup.Folder(k.Config.BackupFolder()).List(t.Context())
	if err != nil || len(list) != 3 || list[2].Name == "" {
		t.Errorf("the folder holds %v, %v; want two backups and the list of erasures", list, err)
	}
	if f := k.Backups.Failed(); f.Failures != 4 {
		t.Errorf("%d failures are counted, want 4", f.Failures)
	}
}

// A start that fails again and again on a new form keeps one copy, not one each time.
func TestOneCopyBeforeTheFormChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		set := backup.Settings{Dir: filepath.Join(t.TempDir(), "backups"), Keep: backup.Keep{Hourly: 2}, Program: "test", Key: "0123456789abcdef"}
		now := time.Now()
		db.Now = func() time.Time { return now }
		made := 0
		for i := range 6 {
			name, _, err := backup.Before(store.Long(ctx), db, set)
			if err != nil {
				t.Fatal(err)
			}
			if name != "" {
				made++
			}
			if i == 2 {
				now = now.Add(2 * time.Hour) // the copy is old by now
			}
		}
		list, err := backup.Folder(set.Dir).List(ctx)
		if err != nil || made != 2 || len(list) != 2 {
			t.Errorf("%d copies were made, %v are kept, %v", made, list, err)
		}
		// Whatever other copy is young, what was written since is in none.
		now = now.Add(time.Minute)
		for what, change := range map[string]func() error{
			"a start in the old form": func() error { return backup.Settled(set.Dir) },
			"a backup by the schedule": func() error {
				now = now.Add(2 * time.Hour)
				_, _, err := backup.Save(set.Dir, func(w io.Writer) (backup.Made, error) {
					return backup.Write(store.Long(ctx), db, backup.Source{Program: "test", Key: set.Key}, w)
				})
				now = now.Add(time.Minute)
				return err
			},
		} {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			if name, _, err := backup.Before(store.Long(ctx), db, set); err != nil || name == "" {
				t.Errorf("after %s no copy was kept: %v", what, err)
			}
			now = now.Add(time.Minute)
		}
		set.Dir, set.Room = filepath.Join(t.TempDir(), "full"), func(string) (free, total uint64) { return 1 << 20, 1 << 30 }
		if _, _, err := backup.Before(store.Long(ctx), db, set); !errors.Is(err, backup.ErrRoom) {
			t.Errorf("on a disk that is nearly full = %v", err)
		}
	})
}

// The wrong key is told before anything is made of the target.
func TestTheWrongKeyLeavesTheTargetAlone(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.shop(t, "Dapur Segel", 10)
	t.Setenv("LAPAK_BACKUP_PASSPHRASE", "kerupuk melarat cirebon")
	k := keeper(t, s, "")
	run, err := k.BackupNow(t.Context())
	if err != nil {
		t.Fatal(run, err)
	}
	file := filepath.Join(k.Config.BackupFolder(), run.File)
	for engine, c := range targets(t) {
		quiet := func(string, ...any) {}
		t.Setenv("LAPAK_BACKUP_PASSPHRASE", "bukan itu sama sekali")
		if err := app.Restore(t.Context(), c, app.From{File: file}, quiet); !errors.Is(err, backup.ErrKey) {
			t.Errorf("%s: the wrong passphrase = %v", engine, err)
		}
		t.Setenv("LAPAK_BACKUP_PASSPHRASE", "kerupuk melarat cirebon")
		if err := app.Restore(t.Context(), c, app.From{File: file}, quiet); err != nil {
			t.Errorf("%s: the right one after it = %v", engine, err)
		}
	}
}

// What is in a database is for its owner alone, and nothing is left in work.
func TestFilesOfADatabaseAreItsOwners(t *testing.T) {
	c := app.Config{Data: t.TempDir()}
	db, err := store.Open(t.Context(), c.DSN(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Migrate(t.Context()), os.Chmod(c.Data, 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		st, err := os.Stat(filepath.Join(c.Data, "lapak.db"+end))
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("lapak.db%s: %v, %v", end, st.Mode(), err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// The admin asks on the page; one run at a time; nobody else sees it.
func TestAdminAsksForBackups(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		admin := s.firstAdmin(t)
		if p := admin.Get("/admin/cadangan"); p.Status != http.StatusOK || !strings.Contains(p.Body, "--backup-dir") {
			t.Errorf("the page of an installation without backups: %d", p.Status)
		}
		if p := admin.Post("/admin/cadangan", nil); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("a backup was asked for where there are none: %d", p.Status)
		}
		k := keeper(t, s, "")
		_, sc := s.plant(t, account.Planted{Name: "Admin", Role: authz.Admin})
		if err := k.Backups.Ask(t.Context(), sc, backup.Drill); err == nil {
			t.Error("a drill was asked for before there was a backup")
		}
		if err := k.Backups.Ask(t.Context(), sc, backup.Backup); err != nil {
			t.Fatal(err)
		}
		if n, err := k.Jobs.Drain(t.Context()); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		k.Backups.Wait()
		o, err := k.Backups.Overview(t.Context(), sc)
		if err != nil || len(o.Runs) != 1 || o.Newest == nil || !o.Newest.Asked || !o.Newest.Here {
			t.Errorf("overview %+v, %v", o, err)
		}
		for _, sc := range []authz.Scope{{Role: authz.Owner, Business: id.New(), Now: sc.Now, ProvenAt: sc.Now}, {Role: authz.Office, Now: sc.Now, ProvenAt: sc.Now}} {
			if _, err := k.Backups.Overview(t.Context(), sc); err == nil {
				t.Errorf("%s sees the backups", sc.Role)
			}
			if err := k.Backups.Ask(t.Context(), sc, backup.Backup); err == nil {
				t.Errorf("%s asks for backups", sc.Role)
			}
		}
	})
}
