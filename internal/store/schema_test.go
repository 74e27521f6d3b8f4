package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// table is what both engines must agree on.
type table struct {
	Columns []string // name, type, null or not
	Keys    []string // primary and unique keys and indexes: kind and columns
}

const tablesPostgres = `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_class c
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attgenerated = ''`

const keysPostgres = `SELECT c.relname, CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' ELSE 'index' END || CASE WHEN i.indpred IS NULL THEN '' ELSE ' partial' END,
	(SELECT string_agg(coalesce(a.attname, '?'), ',' ORDER BY k.n) FROM unnest(i.indkey::int[]) WITH ORDINALITY k(col, n) LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.col)
	FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
	WHERE c.relnamespace = 'public'::regnamespace AND m.amname = 'btree'`

func postgresTables(ctx context.Context, t *testing.T, pool *sql.DB) map[string]*table {
	out := map[string]*table{}
	each(ctx, t, pool, tablesPostgres, func(rows *sql.Rows) error {
		var name, col, kind string
		var notNull bool
		err := rows.Scan(&name, &col, &kind, &notNull)
		kind = strings.TrimSuffix(kind, " with time zone")
		if kind == "timestamp" {
			kind = "datetime"
		}
		if kind == "uuid" || kind == "bytea" {
			kind = "blob"
		}
		add(out, name).Columns = append(add(out, name).Columns, column(col, kind, notNull))
		return err
	})
	each(ctx, t, pool, keysPostgres, func(rows *sql.Rows) error {
		var name, kind, cols string
		err := rows.Scan(&name, &kind, &cols)
		add(out, name).Keys = append(add(out, name).Keys, kind+" "+cols)
		return err
	})
	return out
}

func sqliteTables(ctx context.Context, t *testing.T, pool *sql.DB) map[string]*table {
	out := map[string]*table{}
	each(ctx, t, pool, `SELECT m.name, c.name, lower(c.type), c."notnull" FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'`, func(rows *sql.Rows) error {
		var name, col, kind string
		var notNull bool
		err := rows.Scan(&name, &col, &kind, &notNull)
		add(out, name).Columns = append(add(out, name).Columns, column(col, kind, notNull))
		return err
	})
	each(ctx, t, pool, `SELECT m.name, CASE WHEN i.origin = 'pk' THEN 'primary' WHEN i."unique" THEN 'unique' ELSE 'index' END || CASE WHEN i.partial THEN ' partial' ELSE '' END,
		(SELECT group_concat(coalesce(name, '?'), ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno))
		FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'`, func(rows *sql.Rows) error {
		var name, kind, cols string
		err := rows.Scan(&name, &kind, &cols)
		add(out, name).Keys = append(add(out, name).Keys, kind+" "+cols)
		return err
	})
	return out
}

func add(m map[string]*table, name string) *table {
	if m[name] == nil {
		m[name] = &table{}
	}
	return m[name]
}

func column(name, kind string, notNull bool) string {
	if notNull {
		return name + " " + kind + " not null"
	}
	return name + " " + kind
}

func each(ctx context.Context, t *testing.T, pool *sql.DB, query string, fn func(*sql.Rows) error) {
	t.Helper()
	rows, err := pool.QueryContext(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := fn(rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// ofOneEngine are tables that only one engine has: goose's own, and those of
// full-text search, the one place with two texts.
var ofOneEngine = regexp.MustCompile(`^(goose_db_version|sqlite_.*|search_docs.*)$`)

func TestBothEnginesHaveTheSameTables(t *testing.T) {
	pg := postgresTables(t.Context(), t, store.Pool(storetest.Postgres(t)))
	lite := sqliteTables(t.Context(), t, store.Pool(storetest.SQLite(t)))
	for _, m := range []map[string]*table{pg, lite} {
		maps.DeleteFunc(m, func(n string, _ *table) bool { return ofOneEngine.MatchString(n) })
		for _, tb := range m {
			sort.Strings(tb.Columns)
			sort.Strings(tb.Keys)
		}
	}
	if d := cmp.Diff(pg, lite); d != "" {
		t.Errorf("tables differ (-postgres +sqlite):\n%s", d)
	}
}

var (
	createTable = regexp.MustCompile(`(?im)^\s*CREATE TABLE (?:IF NOT EXISTS )?([a-z_0-9]+)`)
	placed      = regexp.MustCompile(`(?im)^\s*SELECT (tenant|tenant_log|shared)\('([a-z_0-9]+)'\)`)
)

// migrations are the texts of one engine, by file.
func migrations(t *testing.T, engine string) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := fs.Glob(store.Migrations(engine), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b, err := fs.ReadFile(store.Migrations(engine), n)
		if err != nil {
			t.Fatal(err)
		}
		out[n] = string(b)
	}
	return out
}

// tenantTables are the tables of businesses, as the migrations declare them.
func tenantTables(t *testing.T) map[string]bool {
	out := map[string]bool{}
	for _, text := range migrations(t, "postgres") {
		for _, m := range placed.FindAllStringSubmatch(text, -1) {
			if m[1] != "shared" {
				out[m[2]] = true
			}
		}
	}
	return out
}

func TestEachTableHasItsPlace(t *testing.T) {
	seen := map[string]bool{}
	for file, text := range migrations(t, "postgres") {
		kinds := map[string]string{}
		for _, m := range placed.FindAllStringSubmatch(text, -1) {
			kinds[m[2]] = m[1]
		}
		for _, m := range createTable.FindAllStringSubmatch(text, -1) {
			name := m[1]
			seen[name] = true
			place, listed := store.Placements[name]
			kind, called := kinds[name]
			switch {
			case !listed:
				t.Errorf("%s: citus.go does not name %s", file, name)
			case !called && name != "store_schema":
				t.Errorf("%s: %s is made neither tenant, tenant_log nor shared", file, name)
			case (place == store.Distributed) != (kind == "tenant" || kind == "tenant_log"):
				t.Errorf("%s: citus.go says that %s is %s, the migration says %s", file, name, place, kind)
			}
		}
	}
	for name := range store.Placements {
		if !seen[name] {
			t.Errorf("citus.go names %s, which no migration makes", name)
		}
	}
}

// Row level security is on, forced and complete for every tenant table, and
// the application's role owns nothing.
func TestEveryTenantTableIsWalled(t *testing.T) {
	pool := store.Pool(storetest.Postgres(t))
	tenants := tenantTables(t)
	if len(tenants) < 2 {
		t.Fatal("no tenant tables were found")
	}
	each(t.Context(), t, pool, `SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, pg_get_userbyid(c.relowner) = 'lapak_app',
		(SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'business' AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL),
		coalesce((SELECT k.attname FROM pg_index i JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisprimary), '')
		FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`, func(rows *sql.Rows) error {
		var name, first string
		var walled, owned bool
		var policies int
		if err := rows.Scan(&name, &walled, &owned, &policies, &first); err != nil {
			return err
		}
		if owned {
			t.Errorf("%s belongs to the application's role", name)
		}
		if tenants[name] && (!walled || policies != 1 || first != "business_id") {
			t.Errorf("%s: walled %v, %d policies, primary key begins with %s", name, walled, policies, first)
		}
		return nil
	})
	each(t.Context(), t, pool, `SELECT c.relname, x.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
		WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity AND a.attname <> 'business_id'`, func(rows *sql.Rows) error {
		var name, index string
		err := rows.Scan(&name, &index)
		t.Errorf("%s: the index %s does not begin with business_id", name, index)
		return err
	})
	each(t.Context(), t, pool, `SELECT conrelid::regclass::text, conname FROM pg_constraint k
		WHERE contype = 'f' AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1] AND a.attname = 'business_id')
		AND (SELECT relrowsecurity FROM pg_class WHERE oid = k.confrelid)`, func(rows *sql.Rows) error {
		var name, key string
		err := rows.Scan(&name, &key)
		t.Errorf("%s: the foreign key %s does not carry business_id", name, key)
		return err
	})
	each(t.Context(), t, pool, "SELECT rolname FROM pg_roles WHERE rolname = 'lapak_app' AND (rolsuper OR rolbypassrls OR rolcanlogin)", func(*sql.Rows) error {
		t.Error("lapak_app may too much")
		return nil
	})
}

var personal = regexp.MustCompile(`(?m)^\s+((?:[a-z_]*_)?(?:phone|mail|email|recipient|street|landmark|address|npwp|nik|nik_sealed|buyer|buyer_name|customer_name|receiver|person_name|account_number|account_name|totp|totp_seed|endpoint) text|(?:[a-z_]*_)?(?:lat_e6|lng_e6) bigint)\b(.*)$`)

var classed = regexp.MustCompile(`-- P[0-3]\b`)

// A column whose name says that it holds personal data ends with its class.
func TestPersonalColumnsAreClassed(t *testing.T) {
	for file, text := range migrations(t, "postgres") {
		for _, m := range personal.FindAllStringSubmatch(text, -1) {
			if !classed.MatchString(m[2]) {
				t.Errorf("%s: the column %s must end with its class, such as -- P2", file, m[1])
			}
		}
	}
}

// acrossBusinesses are the queries that may read tenant tables without one
// business: none may, as of now.
var acrossBusinesses = []string{}

var (
	queryName = regexp.MustCompile(`(?m)^-- name: (\w+) :\w+`)
	comment   = regexp.MustCompile(`(?m)--.*$`)
	tableRef  = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|UPDATE|INTO)\s+([a-z_0-9]+)`)
	bound     = regexp.MustCompile(`business_id\s*=\s*(?:@business_id|sqlc\.arg\('?business_id'?\))`)
	compared  = regexp.MustCompile(`business_id\s*=|business_id\s+IN\b`)
	inserted  = regexp.MustCompile(`(?is)INSERT INTO [a-z_0-9]+ \(\s*business_id\b.*?(?:@business_id|sqlc\.arg\('?business_id'?\))`)
)

// unbound says why a query on tenant tables may reach another business's rows.
func unbound(text string, tenants map[string]bool) string {
	text = comment.ReplaceAllString(text, "")
	reads, writes := 0, 0
	for _, m := range tableRef.FindAllStringSubmatch(text, -1) {
		if tenants[m[1]] {
			if strings.HasPrefix(strings.ToUpper(m[0]), "INTO") {
				writes++
			} else {
				reads++
			}
		}
	}
	switch {
	case reads+writes == 0:
		return ""
	case writes > 0 && !inserted.MatchString(text):
		return "inserts rows without @business_id first"
	case reads > 0 && !bound.MatchString(text):
		return "lacks business_id = @business_id"
	case reads > len(compared.FindAllString(text, -1)):
		return fmt.Sprintf("names %d tenant tables and compares business_id %d times", reads, len(compared.FindAllString(text, -1)))
	}
	return ""
}

func TestEveryQueryOnATenantTableNamesItsBusiness(t *testing.T) {
	tenants := tenantTables(t)
	files, err := filepath.Glob("../*/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no queries found", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		marks := queryName.FindAllStringSubmatchIndex(text, -1)
		for i, m := range marks {
			end := len(text)
			if i+1 < len(marks) {
				end = marks[i+1][0]
			}
			slice := filepath.Base(filepath.Dir(file))
			name := slice + "." + text[m[2]:m[3]]
			if why := unbound(text[m[1]:end], tenants); why != "" && !slices.Contains(acrossBusinesses, name) {
				t.Errorf("%s: the query %s %s", file, name, why)
			}
		}
	}
}

func TestUnboundFindsPlantedQueries(t *testing.T) {
	tenants := map[string]bool{"orders": true, "lines": true}
	for text, bad := range map[string]bool{
		"SELECT 1 FROM orders WHERE business_id = @business_id AND id = @id":                                                     false,
		"SELECT 1 FROM orders WHERE id = @id":                                                                                    true,
		"SELECT 1 FROM orders -- business_id = @business_id\nWHERE id = @id":                                                     true,
		"SELECT 1 FROM orders WHERE business_id = @other":                                                                        true,
		"DELETE FROM orders WHERE id = @id":                                                                                      true,
		"UPDATE orders SET total = 1 WHERE id = @id":                                                                             true,
		"SELECT 1 FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.business_id = @business_id":                            true,
		"SELECT 1 FROM orders o JOIN lines l ON l.business_id = o.business_id AND l.x = o.id WHERE o.business_id = @business_id": false,
		"INSERT INTO orders (id, business_id) VALUES (@id, @other)":                                                              true,
		"INSERT INTO orders (business_id, id) VALUES (@business_id, @id)":                                                        false,
		"SELECT 1 FROM slugs WHERE slug = @slug":                                                                                 false,
	} {
		if (unbound(text, tenants) != "") != bad {
			t.Errorf("%q: %q, want a finding %v", text, unbound(text, tenants), bad)
		}
	}
}
