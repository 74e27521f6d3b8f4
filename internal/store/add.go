package store

import (
	"context"
	"fmt"
	"sync"
)

// described keeps what the tables look like; they change with a migration
// alone, and with it comes a new program.
type described struct {
	sync.Mutex
	tables map[string]Table
}

func (d *described) table(ctx context.Context, tx *Tx, name string) (Table, error) {
	d.Lock()
	defer d.Unlock()
	if t, ok := d.tables[name]; ok {
		return t, nil
	}
	list, err := tx.Tables(ctx)
	if err != nil {
		return Table{}, fmt.Errorf("describe tables: %w", err)
	}
	d.tables = map[string]Table{}
	for _, t := range list {
		d.tables[t.Name] = t
	}
	t, ok := d.tables[name]
	if !ok {
		return Table{}, fmt.Errorf("store: no table %s", name)
	}
	return t, nil
}

// Add writes many rows into the table of that name, in few statements: for
// imports, where one statement a row would take too long.
func (tx *Tx) Add(ctx context.Context, table string, names []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	t, err := tx.db.described.table(ctx, tx, table)
	if err != nil {
		return err
	}
	most := len(rows)
	if !tx.Postgres() {
		most = liteRows // SQLite's driver looks through all arguments for each one
	}
	for len(rows) > 0 {
		n := min(most, len(rows))
		if err := tx.Insert(ctx, t, names, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// liteRows is how many rows one statement writes on SQLite.
const liteRows = 20
