package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"lapak/internal/id"
)

// Moved is what came of one table: how many rows each database has, and a hash
// of all of them that does not depend on the engine.
type Moved struct {
	Table       string
	From, To    int64
	Hash, Hash2 string
	Took        time.Duration
}

// Same reports whether both databases hold the same rows.
func (m Moved) Same() bool { return m.From == m.To && m.Hash == m.Hash2 }

// ErrDiffers: the two databases do not hold the same.
var ErrDiffers = errors.New("the two databases differ")

// Transfer copies a whole installation from one database to another, of the
// same engine or the other one, and reads both again to compare them. Both are
// the caller's alone for that time. The target must be migrated and empty; it
// is written in one transaction, so it holds everything in the end, or nothing.
func Transfer(ctx context.Context, from, to string, told func(Moved)) error {
	return pair(ctx, from, to, func(a, b *alone) error {
		if t, err := b.empty(ctx); err != nil || t != "" {
			if err == nil {
				err = fmt.Errorf("the target is not empty: %s has rows; name an empty database", t)
			}
			return err
		}
		for _, t := range b.tables {
			began := time.Now()
			src := a.table(t.Name)
			m := Moved{Table: t.Name}
			var err error
			if m.From, m.Hash, err = b.fill(ctx, t, a, src); err != nil {
				return err
			}
			if m.To, m.Hash2, err = b.sum(ctx, t); err != nil {
				return err
			}
			m.Took = time.Since(began)
			told(m)
			if !m.Same() {
				return fmt.Errorf("%w: table %s; nothing was kept in the target", ErrDiffers, t.Name)
			}
		}
		return b.commit(ctx)
	})
}

// Compare reads two databases of the same form and tells of every table
// whether both hold the same.
func Compare(ctx context.Context, from, to string, told func(Moved)) error {
	return pair(ctx, from, to, func(a, b *alone) error {
		var differ int
		for _, t := range b.tables {
			began := time.Now()
			m := Moved{Table: t.Name}
			var err error
			if m.From, m.Hash, err = a.sum(ctx, a.table(t.Name)); err != nil {
				return err
			}
			if m.To, m.Hash2, err = b.sum(ctx, t); err != nil {
				return err
			}
			m.Took = time.Since(began)
			told(m)
			if !m.Same() {
				differ++
			}
		}
		if differ > 0 {
			return fmt.Errorf("%w in %d tables", ErrDiffers, differ)
		}
		return nil
	})
}

func pair(ctx context.Context, from, to string, fn func(a, b *alone) error) (err error) {
	if from == to {
		return errors.New("source and target are the same database")
	}
	a, err := openAlone(ctx, from)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	defer func() { err = errors.Join(err, a.close()) }()
	b, err := openAlone(ctx, to)
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := a.fits(); err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if err := b.fits(); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	if err := alike(a.tables, b.tables); err != nil {
		return err
	}
	return fn(a, b)
}

// alike refuses two databases whose tables or columns differ.
func alike(a, b []Table) error {
	if len(a) != len(b) {
		return fmt.Errorf("the source has %d tables, the target %d", len(a), len(b))
	}
	for _, t := range b {
		i := slices.IndexFunc(a, func(s Table) bool { return s.Name == t.Name })
		if i < 0 || !slices.Equal(a[i].Names(), t.Names()) {
			return fmt.Errorf("table %s is not the same in both databases", t.Name)
		}
	}
	return nil
}

func (a *alone) table(name string) Table {
	return a.tables[slices.IndexFunc(a.tables, func(t Table) bool { return t.Name == name })]
}

// each reads a whole table in the order of its key.
func (a *alone) each(ctx context.Context, t Table, fn func([]any) error) error {
	names := t.Names()
	return t.scan(ctx, a.c, names, t.selecting(a.postgres, names, ""), nil, fn)
}

func (a *alone) sum(ctx context.Context, t Table) (int64, string, error) {
	h := newSummer()
	err := a.each(ctx, t, func(row []any) error { h.add(row); return nil })
	return h.rows, h.String(), err
}

// summer hashes rows in a form that both engines share: for each value a letter
// for its kind, its length where it may vary, and its bytes.
type summer struct {
	h    hash.Hash
	buf  []byte
	rows int64
}

func newSummer() *summer { return &summer{h: sha256.New()} }

func (s *summer) add(row []any) {
	b := s.buf[:0]
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case []byte:
			b = append(binary.BigEndian.AppendUint64(append(b, 'b'), uint64(len(v))), v...)
		case string:
			b = append(binary.BigEndian.AppendUint64(append(b, 's'), uint64(len(v))), v...)
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
		case bool:
			b = append(b, map[bool]byte{true: 't', false: 'f'}[v])
		case time.Time:
			b = binary.BigEndian.AppendUint64(append(b, 'd'), uint64(v.UnixMicro()))
		default:
			panic(fmt.Sprintf("store: a value of type %T came out of a database", v)) // Column.value gives no other
		}
	}
	b = append(b, '\n')
	s.h.Write(b)
	s.buf = b
	s.rows++
}

func (s *summer) String() string { return hex.EncodeToString(s.h.Sum(nil)) }

// fill copies a table of from into b and returns how many rows it read, and their hash.
func (b *alone) fill(ctx context.Context, t Table, from *alone, src Table) (int64, string, error) {
	h := newSummer()
	names := t.Names()
	if b.postgres && !t.search {
		err := b.copy(ctx, t, names, func(put func([]any) error) error {
			return from.each(ctx, src, func(row []any) error { h.add(row); return put(row) })
		})
		return h.rows, h.String(), err
	}
	var batch [][]any
	bytesIn := 0
	flush := func() error {
		err := t.insert(ctx, b.c, names, batch, b.postgres)
		batch, bytesIn = batch[:0], 0
		return err
	}
	err := from.each(ctx, src, func(row []any) error {
		h.add(row)
		own := slices.Clone(row)
		for _, v := range own {
			switch v := v.(type) {
			case []byte:
				bytesIn += len(v)
			case string:
				bytesIn += len(v)
			}
		}
		batch = append(batch, own)
		if len(batch) < 500 && bytesIn < 4<<20 {
			return nil
		}
		return flush()
	})
	if err != nil {
		return 0, "", err
	}
	return h.rows, h.String(), flush()
}

// copy streams rows to PostgreSQL by its COPY.
func (b *alone) copy(ctx context.Context, t Table, names []string, feed func(put func([]any) error) error) error {
	cols := make([]Column, len(names))
	for i, n := range names {
		cols[i], _ = t.Column(n)
	}
	rows := make(chan []any, 256)
	stop := make(chan struct{})
	fed := make(chan error, 1)
	go func() {
		fed <- feed(func(row []any) error {
			own := make([]any, len(row))
			for i, v := range row {
				own[i] = v
				if raw, ok := v.([]byte); ok && cols[i].Kind == UUID {
					own[i] = [16]byte(id.ID(raw))
				}
			}
			select {
			case rows <- own:
				return nil
			case <-stop:
				return context.Canceled
			}
		})
		close(rows)
	}()
	err := b.c.Raw(func(d any) error {
		_, err := d.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{t.Name}, names, pgx.CopyFromFunc(func() ([]any, error) {
			row, ok := <-rows
			if !ok {
				return nil, nil
			}
			return row, nil
		}))
		return err
	})
	close(stop)
	for range rows { // the feeder may still be sending
	}
	if ferr := <-fed; ferr != nil && !errors.Is(ferr, context.Canceled) {
		return ferr
	}
	if err != nil {
		return fmt.Errorf("copy into %s: %w", t.Name, err)
	}
	return nil
}
