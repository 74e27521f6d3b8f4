package store_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// plainOwner opens a migrated database as a role that owns it and no more.
func plainOwner(t *testing.T) *store.DB {
	t.Helper()
	dsn := storetest.EmptyPostgresDSN(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	role := fmt.Sprintf("owner_of_%s", u.Path[1:])
	admin := storetest.Open(t, dsn)
	if err := store.Run(t.Context(), admin, "CREATE ROLE "+role+" LOGIN CREATEROLE PASSWORD 'x'",
		fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", u.Path[1:], role), "ALTER SCHEMA public OWNER TO "+role); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, q := range []string{"REASSIGN OWNED BY " + role + " TO postgres", "DROP OWNED BY " + role, "DROP ROLE " + role} {
			if err := store.Run(context.WithoutCancel(t.Context()), admin, q); err != nil {
				t.Log(err) // the database goes anyway
			}
		}
	})
	u.User = url.UserPassword(role, "x")
	db := storetest.Open(t, u.String())
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// An installation's role owns its database and no more. Then the walls hold
// for the owner too, and invariants are still checked over all businesses.
func TestAnOwnerThatIsNoSuperuserIsEnough(t *testing.T) {
	db := plainOwner(t)
	things(t, db)
	mine, yours := authz.Job(id.New()), authz.Job(id.New())
	for i, sc := range []authz.Scope{mine, yours} {
		if err := db.Tx(t.Context(), sc, func(tx *store.Tx) error { return put(t.Context(), tx, sc.Business, id.New(), int64(60*i)) }); err != nil {
			t.Fatal(err)
		}
		if err := store.Run(t.Context(), db, fmt.Sprintf("INSERT INTO slugs (slug, business_id, live, created_at) VALUES ('s%d', '%s', true, now())", i, sc.Business)); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, db, mine); n != 1 {
		t.Errorf("%d rows are seen, want 1", n)
	}
	got, err := store.CheckInvariants(t.Context(), db, []store.Invariant{{Name: "few", SQL: "SELECT id, left_over FROM things WHERE left_over > 50"}})
	if err != nil || len(got) != 1 {
		t.Errorf("broken %v, %v; want one", got, err)
	}
	var n int64
	if err := store.Pool(db).QueryRowContext(t.Context(), "SELECT count(*) FROM things").Scan(&n); err != nil || n != 0 {
		t.Errorf("the owner's own connection, bound to no business, sees %d rows, %v", n, err)
	}
}
