// Package demo makes sample data: shops over the whole of West Java with their
// people, goods, buyers and a year of orders. The same settings give the same
// data. It writes rows of every slice directly, many at a time, and keeps what
// must hold of them; its test says so.
package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"lapak/internal/account"
	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/directory"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/region"
	"lapak/internal/store"
	"lapak/internal/voucher"
)

// Size says which demo is wanted.
type Size struct {
	Businesses int
	Orders     int // of all together; 0: as many as their rhythm makes
	Seed       uint64
}

// Parts are the services that the maker calls.
type Parts struct {
	DB        *store.DB
	Accounts  *account.Service
	Orders    *order.Service
	Parcels   *parcel.Service // nil: orders are brought without parcels
	Directory *directory.Service
	Vouchers  *voucher.Service
	Keys      *api.Service
}

// Maker makes one demo.
type Maker struct {
	Parts
	size  Size
	now   time.Time
	words *words
	shops []shop
	total int64

	secret  account.Secret
	done    atomic.Int64 // orders written
	written atomic.Int64 // rows written
	many    atomic.Int64 // orders to write at once

	// Step is told what is being prepared, Progress how many orders are there.
	Step     func(text string)
	Progress func(done, total int64)
}

// days is how long the history is, today included; recent is how much of it,
// in weeks, is there before the first page is shown.
const (
	days   = 365
	weeks  = (days + 6) / 7
	recent = 5
)

// New plans a demo as of now. The plan alone touches no database.
func New(p Parts, size Size, now time.Time) (*Maker, error) {
	if size.Businesses < 1 {
		return nil, errors.New("demo: at least one business")
	}
	w, err := loadWords()
	if err != nil {
		return nil, err
	}
	m := &Maker{Parts: p, size: size, now: now.UTC().Truncate(time.Second), words: w, Step: func(string) {}, Progress: func(int64, int64) {}}
	m.many.Store(2 * leastMany)
	m.plan()
	return m, nil
}

// Counts are how much a demo has.
func (m *Maker) Counts() (businesses int, orders int64) { return len(m.shops), m.total }

// Prepare writes the shops, their goods and people, and the orders of the last
// weeks: all that a visitor sees first.
func (m *Maker) Prepare(ctx context.Context) error {
	ctx = store.Long(ctx)
	if err := m.empty(ctx); err != nil {
		return err
	}
	m.Step("menggambar foto barang")
	pics, err := m.drawAll()
	if err != nil {
		return err
	}
	m.Step("membuat orang dan cara masuk")
	if err := m.people(ctx); err != nil {
		return err
	}
	m.Step(fmt.Sprintf("membuat %d usaha dan pesanan lima minggu terakhir", len(m.shops)))
	return m.each(ctx, func(ctx context.Context, s *shop) (int64, error) { return m.open(ctx, s, pics) })
}

// Fill lists the shops in the directory and writes the older orders, while
// pages are served.
func (m *Maker) Fill(ctx context.Context) error {
	ctx = store.Long(ctx)
	listed := make(chan error, 1)
	go func() { listed <- m.list(ctx) }()
	err := m.each(ctx, m.history)
	return errors.Join(err, <-listed)
}

// empty refuses a database in which there is anybody already.
func (m *Maker) empty(ctx context.Context) error {
	return m.DB.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT id FROM people LIMIT 1) x").Scan(&n); err != nil {
			return fmt.Errorf("look for people: %w", err)
		}
		if n > 0 {
			return ErrNotEmpty
		}
		return nil
	})
}

// ErrNotEmpty is for a database that holds something already.
var ErrNotEmpty = errors.New("the database is not empty: the demo is made in a new one")

// list puts every shop into the directory.
func (m *Maker) list(ctx context.Context) error {
	for i := range m.shops {
		if err := m.Directory.Refresh(ctx, authz.Job(m.shops[i].id)); err != nil {
			return fmt.Errorf("list shop %d: %w", i, err)
		}
	}
	return nil
}

// IDs lists the shops.
func (m *Maker) IDs() []id.ID {
	list := make([]id.ID, len(m.shops))
	for i := range m.shops {
		list[i] = m.shops[i].id
	}
	return list
}

// Spread tells how many shops each regency and trade has, and how many
// addresses they have together.
func (m *Maker) Spread() (regencies, trades map[string]int, addresses int) {
	regencies, trades = map[string]int{}, map[string]int{}
	slugs := map[string]bool{}
	for i := range m.shops {
		s := &m.shops[i]
		regencies[region.Up(s.town.Code, region.Regency)]++
		trades[s.trade.code]++
		slugs[s.slug] = true
	}
	return regencies, trades, len(slugs)
}

// Rows is how many rows have been written so far.
func (m *Maker) Rows() int64 { return m.written.Load() }

// form is raised whenever other data is made of the same settings.
const form = "1"

// Form tells apart demos whose rows differ: by what this package makes, and by
// the tables of the program.
func Form() string {
	h := sha256.New()
	h.Write([]byte(form))
	all := store.Migrations("sqlite")
	names, err := fs.Glob(all, "*.sql")
	for _, n := range names {
		var b []byte
		if b, err = fs.ReadFile(all, n); err == nil {
			h.Write(b)
		}
	}
	if err != nil {
		panic(err) // they are in the program itself
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
