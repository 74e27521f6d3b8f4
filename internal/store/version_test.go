package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not in 15 s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// A command of the operator writes to the file of a running server.
func TestAnotherProcessOnTheFileIsNoticed(t *testing.T) {
	dsn := storetest.SQLiteDSN(t)
	server := storetest.Open(t, dsn)
	shop := id.New()
	sc := authz.Job(shop)
	things(t, server)
	nothing := func(*store.Tx) error { return nil }
	if err := server.Tx(t.Context(), sc, nothing); err != nil {
		t.Fatal(err)
	}
	var before atomic.Uint64
	before.Store(server.Version(shop))
	command := storetest.Open(t, dsn)
	until(t, "another process", func() bool {
		if err := command.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, shop, id.New(), 1) }); err != nil {
			t.Fatal(err)
		}
		return server.Version(shop) != before.Load()
	})
}

// Without news of other servers no version is known, and afterwards all are new.
func TestALostListenerTrustsNothing(t *testing.T) {
	db := storetest.Postgres(t)
	shop := id.New()
	before := db.Version(shop)
	if before == 0 {
		t.Fatal("void: no version at the start")
	}
	if err := store.Run(t.Context(), db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"); err != nil {
		t.Fatal(err)
	}
	until(t, "the loss", func() bool { return db.Version(shop) != before })
	until(t, "the return", func() bool { return db.Version(shop) > before })
}

// What the server ends between the work and the commit is no success.
func TestAConnectionLostBeforeTheCommit(t *testing.T) {
	db := storetest.Postgres(t)
	things(t, db)
	sc := authz.Job(id.New())
	hook := false
	err := db.Tx(t.Context(), sc, func(tx *store.Tx) error {
		tx.AfterCommit(func() { hook = true })
		var pid int
		if err := tx.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			return err
		}
		if err := put(t.Context(), tx, sc.Business, id.New(), 1); err != nil {
			return err
		}
		_, err := store.Pool(db).ExecContext(t.Context(), "SELECT pg_terminate_backend($1)", pid)
		return err
	})
	if err == nil || hook {
		t.Errorf("Tx = %v, hook ran: %v", err, hook)
	}
	if n := count(t, db, sc); n != 0 {
		t.Errorf("%d rows", n)
	}
}
