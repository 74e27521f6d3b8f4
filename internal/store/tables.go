package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"lapak/internal/id"
)

// Kind says what a column holds, in words that both engines share.
type Kind string

// The kinds. SQLite does not tell an id from other bytes, so there an id is
// Bytes as well; what is read is the same 16 bytes on both engines.
const (
	Bytes Kind = "bytes"
	UUID  Kind = "uuid"
	Int   Kind = "int"
	Bool  Kind = "bool"
	Text  Kind = "text"
	Time  Kind = "time"
)

// Column is a column as its database describes it.
type Column struct {
	Name string
	Kind Kind
	Null bool
}

// Table is a table as its database describes it.
type Table struct {
	Name    string
	Columns []Column
	Key     []string // the primary key, in order
	Refs    []string // the tables that its foreign keys lead to

	search bool // search_docs, the one table that the engines keep differently
	walled bool // PostgreSQL: row level security is forced on its owner too
}

// Column finds a column by its name.
func (t Table) Column(name string) (Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return t.Columns[i], true
}

// Tenant reports whether the table's rows belong to businesses.
func (t Table) Tenant() bool {
	_, has := t.Column("business_id")
	return has
}

// querier is a transaction or a connection.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// notOurs are the tables that belong to the migrations and are never copied:
// the other database has its own.
var notOurs = []string{"goose_db_version", "store_schema"}

// Tables describes every table, those that are referred to before those that
// refer to them. It is read from the database, so that none is forgotten.
func (tx *Tx) Tables(ctx context.Context) ([]Table, error) { return tables(ctx, tx, tx.Postgres()) }

func tables(ctx context.Context, c querier, postgres bool) ([]Table, error) {
	read := liteTables
	if postgres {
		read = pgTables
	}
	list, err := read(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	slices.SortFunc(list, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return inOrder(list)
}

// inOrder puts tables after those that they refer to.
func inOrder(list []Table) ([]Table, error) {
	var out []Table
	done := map[string]bool{}
	for len(out) < len(list) {
		before := len(out)
		for _, t := range list {
			if done[t.Name] || slices.ContainsFunc(t.Refs, func(r string) bool { return r != t.Name && !done[r] }) {
				continue
			}
			done[t.Name] = true
			out = append(out, t)
		}
		if len(out) == before {
			return nil, fmt.Errorf("the tables refer to each other in a circle, after %d of %d", len(out), len(list))
		}
	}
	return out, nil
}

var searchTable = Table{
	Name: "search_docs", Key: []string{"doc"}, search: true,
	Columns: []Column{{"doc", Int, false}, {"id", Bytes, false}, {"title", Text, false}, {"weight", Int, false}, {"words", Text, false}},
}

func liteTables(ctx context.Context, c querier) ([]Table, error) {
	var list []Table
	err := eachRow(ctx, c, `SELECT m.name, m.sql LIKE 'CREATE VIRTUAL%', p.name, lower(p.type), p."notnull", p.pk
		FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, p.cid`,
		func(rows *sql.Rows) error {
			var name, col, kind string
			var virtual, notNull bool
			var pk int
			if err := rows.Scan(&name, &virtual, &col, &kind, &notNull, &pk); err != nil {
				return err
			}
			if slices.Contains(notOurs, name) || strings.HasPrefix(name, searchTable.Name+"_") { // what FTS5 keeps for itself
				return nil
			}
			if virtual {
				if name != searchTable.Name {
					return fmt.Errorf("nobody said how the virtual table %s is copied", name)
				}
				if !slices.ContainsFunc(list, func(t Table) bool { return t.search }) {
					list = append(list, searchTable)
				}
				return nil
			}
			k := map[string]Kind{"blob": Bytes, "bigint": Int, "integer": Int, "boolean": Bool, "text": Text, "datetime": Time}[kind]
			if k == "" {
				return fmt.Errorf("nobody said how a column of type %s is copied: %s.%s", kind, name, col)
			}
			if len(list) == 0 || list[len(list)-1].Name != name {
				list = append(list, Table{Name: name})
			}
			t := &list[len(list)-1]
			t.Columns = append(t.Columns, Column{col, k, !notNull && pk == 0})
			if pk > 0 {
				for len(t.Key) < pk {
					t.Key = append(t.Key, "")
				}
				t.Key[pk-1] = col
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].search {
			continue
		}
		if err := eachRow(ctx, c, `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1)`, func(rows *sql.Rows) error {
			var to string
			err := rows.Scan(&to)
			list[i].Refs = append(list[i].Refs, to)
			return err
		}, list[i].Name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func pgTables(ctx context.Context, c querier) ([]Table, error) {
	var list []Table
	find := func(name string) *Table {
		if i := slices.IndexFunc(list, func(t Table) bool { return t.Name == name }); i >= 0 {
			return &list[i]
		}
		return nil
	}
	err := eachRow(ctx, c, `SELECT c.relname, c.relforcerowsecurity, a.attname, format_type(a.atttypid, NULL), a.attnotnull
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname, a.attnum`,
		func(rows *sql.Rows) error {
			var name, col, kind string
			var walled, notNull bool
			if err := rows.Scan(&name, &walled, &col, &kind, &notNull); err != nil {
				return err
			}
			if slices.Contains(notOurs, name) {
				return nil
			}
			if name == searchTable.Name {
				if find(name) == nil {
					list = append(list, searchTable)
				}
				return nil
			}
			k := map[string]Kind{
				"uuid": UUID, "bytea": Bytes, "bigint": Int, "integer": Int, "smallint": Int, "boolean": Bool, "text": Text, "timestamp with time zone": Time,
			}[kind]
			if k == "" {
				return fmt.Errorf("nobody said how a column of type %s is copied: %s.%s", kind, name, col)
			}
			if find(name) == nil {
				list = append(list, Table{Name: name, walled: walled})
			}
			t := find(name)
			t.Columns = append(t.Columns, Column{col, k, !notNull})
			return nil
		})
	if err != nil {
		return nil, err
	}
	err = eachRow(ctx, c, `SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		CROSS JOIN LATERAL unnest(CAST(i.indkey AS int[])) WITH ORDINALITY k (col, n) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.col
		WHERE i.indisprimary AND c.relnamespace = CAST(current_schema() AS regnamespace) ORDER BY c.relname, k.n`, func(rows *sql.Rows) error {
		var name, col string
		err := rows.Scan(&name, &col)
		if t := find(name); t != nil && !t.search {
			t.Key = append(t.Key, col)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, eachRow(ctx, c, `SELECT DISTINCT c.relname, r.relname FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid
		WHERE f.contype = 'f' AND c.relnamespace = CAST(current_schema() AS regnamespace)`, func(rows *sql.Rows) error {
		var name, to string
		err := rows.Scan(&name, &to)
		if t := find(name); t != nil {
			t.Refs = append(t.Refs, to)
		}
		return err
	})
}

func eachRow(ctx context.Context, c querier, query string, fn func(*sql.Rows) error, args ...any) error {
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// value is what a driver gave, in the one form that both engines share: nil,
// []byte, int64, bool, string, or a time.Time in UTC and whole microseconds.
func (c Column) value(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch c.Kind {
	case Bytes, UUID:
		switch v := v.(type) {
		case []byte:
			return v, nil
		case [16]byte:
			return v[:], nil
		case string:
			u, err := id.Parse(v)
			return u[:], err
		}
	case Int:
		if n, ok := v.(int64); ok {
			return n, nil
		}
	case Bool:
		switch v := v.(type) {
		case bool:
			return v, nil
		case int64:
			return v != 0, nil
		}
	case Text:
		switch v := v.(type) {
		case string:
			return v, nil
		case []byte:
			return string(v), nil
		}
	case Time:
		switch v := v.(type) {
		case time.Time:
			return v.UTC().Truncate(time.Microsecond), nil
		case int64:
			return time.UnixMicro(v).UTC(), nil
		}
	}
	return nil, fmt.Errorf("column %s is %s and holds %T", c.Name, c.Kind, v)
}

// arg is a value as the drivers take it.
func (c Column) arg(v any) any {
	if b, ok := v.([]byte); ok && c.Kind == UUID && len(b) == 16 {
		return id.ID(b)
	}
	return v
}

// selecting is the text that reads a table in the order of its key; text is
// ordered by its bytes on both engines.
func (t Table) selecting(postgres bool, columns []string, where string) string {
	if t.search && postgres {
		return "SELECT doc, id, title, weight, array_to_string(tsvector_to_array(words), ' ') FROM search_docs ORDER BY doc"
	}
	if t.search {
		return "SELECT rowid, id, title, weight, words FROM search_docs ORDER BY rowid"
	}
	var order []string
	for _, k := range t.Key {
		if c, _ := t.Column(k); c.Kind == Text && postgres {
			k = quote(k) + ` COLLATE "C"`
		} else {
			k = quote(k)
		}
		order = append(order, k)
	}
	names := make([]string, len(columns))
	for i, n := range columns {
		names[i] = quote(n)
	}
	text := "SELECT " + strings.Join(names, ", ") + " FROM " + quote(t.Name)
	if where != "" {
		text += " WHERE " + where
	}
	if len(order) > 0 {
		text += " ORDER BY " + strings.Join(order, ", ")
	}
	return text
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Names lists the columns, sorted: the order in which both engines give them.
func (t Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	slices.Sort(names)
	return names
}

// scan reads rows of a table into values that both engines share. The slice
// that fn gets is used again for the next row.
func (t Table) scan(ctx context.Context, c querier, names []string, query string, args []any, fn func([]any) error) error {
	cols := make([]Column, len(names))
	for i, n := range names {
		cols[i], _ = t.Column(n)
	}
	raw, values, targets := make([]any, len(names)), make([]any, len(names)), make([]any, len(names))
	for i := range raw {
		targets[i] = &raw[i]
	}
	err := eachRow(ctx, c, query, func(rows *sql.Rows) (err error) {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		for i := range raw {
			if values[i], err = cols[i].value(raw[i]); err != nil {
				return err
			}
			if t.search && names[i] == "words" {
				values[i] = oneOfEach(values[i].(string))
			}
		}
		return fn(values)
	}, args...)
	if err != nil {
		return fmt.Errorf("read %s: %w", t.Name, err)
	}
	return nil
}

// oneOfEach sorts words and leaves one of each, as a tsvector keeps them.
func oneOfEach(words string) string {
	list := strings.Fields(words)
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}

// Rows reads the rows of one business in the order of their key: the values of
// the columns that are named. The slice is used again for the next row.
func (tx *Tx) Rows(ctx context.Context, t Table, business id.ID, names []string, fn func([]any) error) error {
	for _, n := range names {
		if _, ok := t.Column(n); !ok {
			return fmt.Errorf("table %s has no column %s", t.Name, n)
		}
	}
	return t.scan(ctx, tx, names, t.selecting(tx.Postgres(), names, "business_id = $1"), []any{business}, fn)
}

// maxArgs bounds the arguments of one statement; SQLite takes 32766.
const maxArgs = 16000

// maxRows bounds the rows of one statement on PostgreSQL.
const maxRows = 2000

// Insert writes rows, the values of the columns that are named, many in a statement.
func (tx *Tx) Insert(ctx context.Context, t Table, names []string, rows [][]any) error {
	return t.insert(ctx, tx, names, rows, tx.Postgres())
}

func (t Table) insert(ctx context.Context, c querier, names []string, rows [][]any, postgres bool) error {
	cols := make([]Column, len(names))
	quoted := make([]string, len(names))
	for i, n := range names {
		col, ok := t.Column(n)
		if !ok {
			return fmt.Errorf("table %s has no column %s", t.Name, n)
		}
		cols[i], quoted[i] = col, quote(n)
		if t.search && n == "doc" && !postgres {
			quoted[i] = "rowid"
		}
	}
	if postgres {
		return t.insertColumns(ctx, c, cols, quoted, rows)
	}
	// Few lengths, so that few texts are prepared: many rows, some, one.
	for len(rows) > 0 {
		n := max(1, min(500, maxArgs/len(names)))
		for n > len(rows) {
			n = map[bool]int{true: 20, false: 1}[n > 20 && len(rows) >= 20]
		}
		part := rows[:n]
		rows = rows[n:]
		var b strings.Builder
		b.WriteString("INSERT INTO " + quote(t.Name) + " (" + strings.Join(quoted, ", ") + ") VALUES ")
		args := make([]any, 0, len(part)*len(names))
		for r, row := range part {
			if r > 0 {
				b.WriteString(", ")
			}
			for i, v := range row {
				b.WriteString(map[bool]string{true: "(", false: ", "}[i == 0])
				fmt.Fprintf(&b, "$%d", len(args)+1)
				args = append(args, cols[i].arg(v))
			}
			b.WriteByte(')')
		}
		if _, err := c.ExecContext(ctx, b.String(), args...); err != nil {
			return fmt.Errorf("insert into %s: %w", t.Name, err)
		}
	}
	return nil
}

// insertColumns is PostgreSQL's way: an array for each column, so that the text
// is the same for any number of rows and is prepared once.
func (t Table) insertColumns(ctx context.Context, c querier, cols []Column, quoted []string, rows [][]any) error {
	var b strings.Builder
	b.WriteString("INSERT INTO " + quote(t.Name) + " (" + strings.Join(quoted, ", ") + ") SELECT ")
	for i, col := range cols {
		if i > 0 {
			b.WriteString(", ")
		}
		if t.search && col.Name == "words" {
			fmt.Fprintf(&b, "array_to_tsvector(string_to_array(c%d, ' '))", i)
		} else {
			fmt.Fprintf(&b, "c%d", i)
		}
	}
	b.WriteString(" FROM unnest(")
	names := make([]string, len(cols))
	for i, col := range cols {
		if i > 0 {
			b.WriteString(", ")
		}
		kind := col.Kind
		if t.search && col.Name == "id" { // SQLite keeps it as bytes
			kind = UUID
		}
		fmt.Fprintf(&b, "CAST($%d AS %s[])", i+1, map[Kind]string{Bytes: "bytea", UUID: "uuid", Int: "bigint", Bool: "boolean", Text: "text", Time: "timestamptz"}[kind])
		names[i] = fmt.Sprintf("c%d", i)
	}
	b.WriteString(") AS x(" + strings.Join(names, ", ") + ")")
	for part := range slices.Chunk(rows, maxRows) {
		args := make([]any, len(cols))
		for i, col := range cols {
			list := make([]any, len(part))
			for r, row := range part {
				list[r] = col.arg(row[i])
			}
			args[i] = list
		}
		if _, err := c.ExecContext(ctx, b.String(), args...); err != nil {
			return fmt.Errorf("insert into %s: %w", t.Name, err)
		}
	}
	return nil
}
