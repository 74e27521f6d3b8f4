package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"lapak/internal/app"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// tablesOf describes every table of a database.
func tablesOf(t *testing.T, db *store.DB) map[string]store.Table {
	t.Helper()
	out := map[string]store.Table{}
	if err := db.View(t.Context(), shop{}.sc, func(tx *store.Tx) error {
		list, err := tx.Tables(t.Context())
		for _, tb := range list {
			out[tb.Name] = tb
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// A transfer goes by what the database says it has: no table may be missing
// there, and both engines must say the same.
func TestEveryTableIsTransferred(t *testing.T) {
	lite, pg := tablesOf(t, storetest.SQLite(t)), tablesOf(t, storetest.Postgres(t))
	want := slices.Sorted(maps.Keys(store.Placements))
	want = slices.DeleteFunc(want, func(n string) bool { return n == "store_schema" }) // written by the migrations
	for engine, got := range map[string]map[string]store.Table{"sqlite": lite, "postgres": pg} {
		if d := cmp.Diff(want, slices.Sorted(maps.Keys(got))); d != "" {
			t.Errorf("%s: tables (-named in store.Placements +found)\n%s", engine, d)
		}
	}
	for name, a := range lite {
		b := pg[name]
		if d := cmp.Diff(a.Names(), b.Names()); d != "" {
			t.Errorf("%s: columns of SQLite and PostgreSQL\n%s", name, d)
		}
		if d := cmp.Diff(a.Key, b.Key); d != "" || len(a.Key) == 0 {
			t.Errorf("%s: keys of SQLite and PostgreSQL %v\n%s", name, a.Key, d)
		}
	}
}

// lived is a closed database in which a shop has lived.
func lived(t *testing.T, dsn string) {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{Log: slog.New(slog.DiscardHandler), Conns: 16})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, db)
	sh := s.shop(t, "Dapur Transfer", 10)
	s.furnish(t, sh, sh.sc.Actor)
	if err := s.Directory.Refresh(t.Context(), sh.job()); err != nil {
		t.Fatal(err)
	}
	s.holds(t)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTransferThereAndBack(t *testing.T) {
	lite, pg, back := storetest.SQLiteDSN(t), storetest.EmptyPostgresDSN(t), storetest.SQLiteDSN(t)
	lived(t, lite)
	data := t.TempDir()
	go1 := moves(t, func(told func(store.Moved)) error {
		return app.Transfer(t.Context(), app.Config{Data: data, DB: lite}, pg, told)
	})
	if len(go1) != len(store.Placements)-1 {
		t.Errorf("%d tables were told of, want %d", len(go1), len(store.Placements)-1)
	}
	for _, name := range []string{"orders", "audit", "people", "blob_files", "order_tokens", "search_docs", "stock_moves"} {
		if m := go1[name]; m.From == 0 || !m.Same() {
			t.Errorf("%s: %+v, want rows, and the same", name, m)
		}
	}
	go2 := moves(t, func(told func(store.Moved)) error {
		return app.Transfer(t.Context(), app.Config{Data: data, DB: pg}, back, told)
	})
	for name, m := range go1 {
		if o := go2[name]; o.Hash2 != m.Hash || o.To != m.From {
			t.Errorf("%s came back as %+v, left as %+v", name, o, m)
		}
	}
	// The target opens and its walls stand.
	db := storetest.Open(t, pg)
	if n := one(t, db, "SELECT count(*) FROM orders"); n != 0 {
		t.Errorf("a transaction of no business sees %d orders", n)
	}
}

func moves(t *testing.T, run func(func(store.Moved)) error) map[string]store.Moved {
	t.Helper()
	out := map[string]store.Moved{}
	if err := run(func(m store.Moved) { out[m.Table] = m }); err != nil {
		t.Fatal(err)
	}
	return out
}

func one(t *testing.T, db *store.DB, query string) (n int64) {
	t.Helper()
	if err := db.View(t.Context(), shop{}.sc, func(tx *store.Tx) error { return tx.QueryRowContext(t.Context(), query).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// change writes to a database behind the program's back.
func change(t *testing.T, dsn, query string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Exec(t.Context(), query)
	if err = errors.Join(err, c.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func TestTransferFindsOneChangedRow(t *testing.T) {
	lite, pg := storetest.SQLiteDSN(t), storetest.EmptyPostgresDSN(t)
	lived(t, lite)
	c := app.Config{Data: t.TempDir(), DB: lite}
	none := func(store.Moved) {}
	if err := app.Transfer(t.Context(), c, pg, none); err != nil {
		t.Fatal(err)
	}
	if err := app.Compare(t.Context(), c, pg, none); err != nil {
		t.Fatalf("the clean control: %v", err)
	}
	change(t, pg, "UPDATE orders SET total = total + 1, goods = goods + 1 WHERE number = 1")
	var bad []string
	err := app.Compare(t.Context(), c, pg, func(m store.Moved) {
		if !m.Same() {
			bad = append(bad, m.Table)
		}
	})
	if !errors.Is(err, store.ErrDiffers) || !slices.Equal(bad, []string{"orders"}) {
		t.Errorf("Compare = %v, tables %v; want orders to differ", err, bad)
	}
}

// A row that the target changes while it is written is found, and nothing stays.
func TestTransferKeepsNothingThatDiffers(t *testing.T) {
	lite, pg := storetest.SQLiteDSN(t), storetest.PostgresDSN(t)
	lived(t, lite)
	change(t, pg, `CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := NEW.title || '!'; RETURN NEW; END $$;
		CREATE TRIGGER spoil BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION spoil()`)
	c := app.Config{Data: t.TempDir(), DB: lite}
	if err := app.Transfer(t.Context(), c, pg, func(store.Moved) {}); !errors.Is(err, store.ErrDiffers) {
		t.Fatalf("Transfer = %v, want ErrDiffers", err)
	}
	change(t, pg, "DROP TRIGGER spoil ON products")
	if err := app.Transfer(t.Context(), c, pg, func(store.Moved) {}); err != nil {
		t.Errorf("from scratch: %v", err)
	}
}

// An installation's role owns its database and no more: the walls hold for it
// too, and are down for it while it copies, and only then.
func TestTransferByAnOwnerThatIsNoSuperuser(t *testing.T) {
	lite, admin, back := storetest.SQLiteDSN(t), storetest.EmptyPostgresDSN(t), storetest.SQLiteDSN(t)
	lived(t, lite)
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	role := fmt.Sprintf("lapak_mover_%d", os.Getpid())
	change(t, admin, fmt.Sprintf("CREATE ROLE %s LOGIN CREATEROLE PASSWORD 'x'; ALTER DATABASE %s OWNER TO %[1]s; ALTER SCHEMA public OWNER TO %[1]s", role, u.Path[1:]))
	t.Cleanup(func() {
		c, err := pgx.Connect(context.WithoutCancel(t.Context()), admin)
		if err != nil {
			t.Error(err)
			return
		}
		for _, q := range []string{"REASSIGN OWNED BY " + role + " TO postgres", "DROP OWNED BY " + role, "DROP ROLE " + role} {
			if _, err := c.Exec(context.WithoutCancel(t.Context()), q); err != nil {
				t.Log(err) // the database goes anyway
			}
		}
		_ = c.Close(context.WithoutCancel(t.Context()))
	})
	u.User = url.UserPassword(role, "x")
	pg, none := u.String(), func(store.Moved) {}
	if err := app.Transfer(t.Context(), app.Config{Data: t.TempDir(), DB: lite}, pg, none); err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), pg)
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	if err := c.QueryRow(t.Context(), "SELECT count(*) FROM orders").Scan(&n); err != nil || n != 0 {
		t.Errorf("the owner, bound to no business, sees %d orders, %v: the walls are down", n, err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := app.Transfer(t.Context(), app.Config{Data: t.TempDir(), DB: pg}, back, none); err != nil {
		t.Error(err)
	}
	if err := app.Compare(t.Context(), app.Config{DB: lite}, back, none); err != nil {
		t.Error(err)
	}
}

func TestTransferRefuses(t *testing.T) {
	lite, pg := storetest.SQLiteDSN(t), storetest.PostgresDSN(t)
	lived(t, lite)
	c := app.Config{Data: t.TempDir(), DB: lite}
	none := func(store.Moved) {}
	refused := func(why string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("Transfer = %v, want %q", err, why)
		}
	}
	refused("there is no database", app.Transfer(t.Context(), app.Config{Data: c.Data, DB: "sqlite:" + t.TempDir() + "/none.db"}, pg, none))
	refused("not empty", app.Transfer(t.Context(), c, func() string { d := storetest.SQLiteDSN(t); lived(t, d); return d }(), none))
	refused("same database", store.Transfer(t.Context(), lite, lite, none))
	for name, busy := range map[string]string{"source": lite, "target": pg} {
		t.Run(name+" in use", func(t *testing.T) {
			db := storetest.Open(t, busy)
			if err := db.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			refused("in use", store.Transfer(t.Context(), lite, pg, none))
		})
	}
	change(t, pg, "DELETE FROM goose_db_version WHERE version_id = 80")
	refused("run lapak migrate", store.Transfer(t.Context(), lite, pg, none))
}
