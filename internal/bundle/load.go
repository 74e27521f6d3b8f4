package bundle

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
)

// loader writes the rows of a file into one transaction.
type loader struct {
	*Service
	ctx    context.Context
	tx     *store.Tx
	sc     authz.Scope
	f      *File
	came   Came
	byName map[string]store.Table
	goods  map[id.ID]bool // the products, where they get new ids
	wake   []id.ID        // orders that wait for something
}

func at(names []string, name string) int { return slices.Index(names, name) }

// load writes the whole shop and then reads it again: what came must be what
// the file says.
func (s *Service) load(ctx context.Context, tx *store.Tx, sc authz.Scope, f *File, c Came) error {
	list, err := tx.Tables(ctx)
	if err != nil {
		return err
	}
	l := &loader{Service: s, ctx: ctx, tx: tx, sc: sc, f: f, came: c, byName: map[string]store.Table{}}
	for _, t := range list {
		l.byName[t.Name] = t
	}
	if c.Copy {
		l.goods = map[id.ID]bool{}
		if err := f.Rows("tables/products.jsonl", func(names []string, values []any) error {
			l.goods[id.ID(values[at(names, "id")].([]byte))] = true
			return nil
		}); err != nil {
			return err
		}
	}
	for _, t := range list {
		if !slices.Contains(Carried, t.Name) {
			continue
		}
		if err := l.table(t); err != nil {
			return err
		}
	}
	for _, step := range []func() error{l.photos, l.links, l.history} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := l.compare(); err != nil {
		return err
	}
	for _, o := range l.wake {
		if err := s.Orders.Wake(ctx, tx, sc, o); err != nil {
			return err
		}
	}
	if err := s.Parcels.Relink(ctx, tx, sc); err != nil {
		return err
	}
	if err := s.Figures.Again(ctx, tx, sc); err != nil {
		return err
	}
	if err := s.Blobs.Wake(ctx, tx, sc); err != nil {
		return err
	}
	_, err = s.Shops.Adopt(ctx, tx, sc, c.Slug)
	return err
}

// batch collects rows of one table and writes many at once.
type batch struct {
	*loader
	t     store.Table
	names []string
	rows  [][]any
	bytes int
}

func (b *batch) add(row []any) error {
	b.rows = append(b.rows, row)
	for _, v := range row {
		switch v := v.(type) {
		case string:
			b.bytes += len(v)
		case []byte:
			b.bytes += len(v)
		}
	}
	if len(b.rows) < 500 && b.bytes < 1<<20 {
		return nil
	}
	return b.flush()
}

func (b *batch) flush() error {
	err := b.tx.Insert(b.ctx, b.t, b.names, b.rows)
	b.rows, b.bytes = b.rows[:0], 0
	return err
}

// table writes the rows of one table, each of its columns: those of the file,
// the business, and what does not travel.
func (l *loader) table(t store.Table) error {
	b := &batch{loader: l, t: t, names: t.Names()}
	buyer := func(values []any) error { return nil }
	if t.Name == "voucher_uses" {
		var err error
		if buyer, err = l.buyers(); err != nil {
			return err
		}
	}
	n := 0
	err := l.f.Rows("tables/"+t.Name+".jsonl", func(names []string, values []any) error {
		n++
		row := make([]any, len(b.names))
		for i, name := range b.names {
			c, _ := t.Column(name)
			switch from := at(names, name); {
			case name == "business_id":
				row[i] = l.sc.Business[:]
			case t.Name == "businesses" && name == "slug":
				row[i] = l.came.Slug
			case from >= 0:
				row[i] = l.product(t.Name, name, values[from])
			default:
				row[i] = blank(c)
			}
		}
		if t.Name == "orders" {
			l.notice(names, values)
		}
		if t.Name == "voucher_uses" {
			if err := buyer(row); err != nil {
				return err
			}
		}
		return b.add(row)
	})
	if err != nil {
		return err
	}
	if t.Name == "businesses" && n != 1 {
		return ErrBroken.With("tables/businesses.jsonl")
	}
	return b.flush()
}

// product gives a product of a copy an id of its own: some look-ups go by the
// product alone, and the original lives here too.
func (l *loader) product(table, column string, v any) any {
	b, ok := v.([]byte)
	if l.goods == nil || !ok || len(b) != 16 || !l.goods[id.ID(b)] {
		return v
	}
	if column != "product_id" && (table != "products" || column != "id") && (table != "blobs" || column != "owner_id") {
		return v
	}
	h := sha256.Sum256(append(l.sc.Business[:], b...))
	out := slices.Clone(b[:6]) // the time stays, and with it the order
	out = append(out, b[6]&0xf0|h[6]&0x0f, h[7], b[8]&0xc0|h[8]&0x3f)
	return append(out, h[9:16]...)
}

// notice remembers the orders that somebody or a clock has still to do with.
func (l *loader) notice(names []string, values []any) {
	state, _ := values[at(names, "state")].(string)
	hold, ended := at(names, "hold_until"), at(names, "ended_at")
	if state == "placed" || hold >= 0 && values[hold] != nil && ended >= 0 && values[ended] == nil {
		l.wake = append(l.wake, id.ID(values[at(names, "id")].([]byte)))
	}
}

// buyers makes the function that puts a hash under this installation's key in
// the place of a buyer's number, so that one use a buyer stays one use.
func (l *loader) buyers() (func([]any) error, error) {
	of := map[id.ID]string{} // order: number
	var met []string
	seen := map[string]bool{}
	err := l.f.Rows("tables/voucher_uses.jsonl", func(names []string, values []any) error {
		n := values[at(names, "buyer")].(string)
		of[id.ID(values[at(names, "order_id")].([]byte))] = n
		if n != "" && !seen[n] {
			seen[n] = true
			met = append(met, n)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(met) == 0 { // no voucher was used: a long history need not be read for it
		return func([]any) error { return nil }, nil
	}
	phones := map[string]string{}
	err = l.f.Rows("tables/orders.jsonl", func(names []string, values []any) error {
		n := of[id.ID(values[at(names, "id")].([]byte))]
		if phone := values[at(names, "phone")].(string); n != "" && phone != "" && phones[n] == "" {
			phones[n] = phone
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	hashes, given := map[string]string{"": ""}, map[string]bool{}
	for _, n := range met {
		// An order whose phone was erased, or is another's by now, keeps a buyer of its own.
		hashes[n] = l.Vouchers.Buyer(l.sc.Business, phones[n])
		if phones[n] == "" || given[hashes[n]] {
			hashes[n] = l.Vouchers.Buyer(l.sc.Business, "\x00"+n)
		}
		given[hashes[n]] = true
	}
	t := l.byName["voucher_uses"]
	uses := t.Names()
	counts := map[[2]string]int64{}
	if err := l.f.Rows("tables/voucher_uses.jsonl", func(names []string, values []any) error {
		counts[[2]string{string(values[at(names, "voucher_id")].([]byte)), hashes[values[at(names, "buyer")].(string)]}]++
		return nil
	}); err != nil {
		return nil, err
	}
	b := &batch{loader: l, t: l.byName["voucher_buyers"], names: []string{"business_id", "voucher_id", "buyer", "used"}}
	for _, k := range slices.SortedFunc(maps.Keys(counts), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		if k[1] == "" {
			continue
		}
		if err := b.add([]any{l.sc.Business[:], []byte(k[0]), k[1], counts[k]}); err != nil {
			return nil, err
		}
	}
	return func(row []any) error {
		i := at(uses, "buyer")
		row[i] = hashes[row[i].(string)]
		return nil
	}, b.flush()
}

func (l *loader) photos() error {
	b := &batch{loader: l, t: l.byName["blob_files"], names: []string{"business_id", "blob_id", "width", "content"}}
	for _, p := range l.f.Parts {
		name, ok := strings.CutPrefix(p.Name, "photos/")
		if !ok {
			continue
		}
		var width int64
		blob, err := id.Parse(name[:36])
		if _, serr := fmt.Sscanf(name[36:], "/%d.jpg", &width); err != nil || serr != nil {
			return ErrBroken.With(p.Name)
		}
		content, err := l.f.Photo(p)
		if err != nil {
			return err
		}
		if err := b.add([]any{l.sc.Business[:], blob[:], width, content}); err != nil {
			return err
		}
	}
	return b.flush()
}

// links makes the hashes of orders' and customers' links anew, under the key
// of this installation.
func (l *loader) links() error {
	for _, k := range links {
		names := append([]string{"business_id", "token_hash"}, k.columns...)
		b := &batch{loader: l, t: l.byName[k.table], names: names}
		hash := l.Orders.LinkHash
		if k.table == "customer_stops" {
			hash = l.Customers.StopHash
		}
		if err := l.f.Rows(k.part, func(names []string, values []any) error {
			of := id.ID(values[at(names, k.id)].([]byte))
			return b.add(append([]any{l.sc.Business[:], hash(l.sc.Business, of)}, values...))
		}); err != nil {
			return err
		}
		if err := b.flush(); err != nil {
			return err
		}
	}
	return nil
}

// history writes the log as it came, and its end, so that the chain goes on.
// That of a copy stays with the original.
func (l *loader) history() error {
	if l.came.Copy {
		return nil
	}
	b := &batch{loader: l, t: l.byName["audit"]}
	var seq, hash any
	err := l.f.Rows(historyPart, func(names []string, values []any) error {
		b.names = append([]string{"business_id"}, names...)
		seq, hash = values[at(names, "seq")], values[at(names, "hash")]
		return b.add(append([]any{l.sc.Business[:]}, values...))
	})
	if err != nil || seq == nil {
		return err
	}
	if err := b.flush(); err != nil {
		return err
	}
	return l.tx.Insert(l.ctx, l.byName["audit_heads"], []string{"business_id", "seq", "hash"}, [][]any{{l.sc.Business[:], seq, hash}})
}

// compare reads the shop as it lies in the database now and holds it against
// the file: counts, sums and, but for a copy and an older file, every byte.
func (l *loader) compare() error {
	w := &writer{}
	if err := w.shop(l.ctx, l.tx, l.sc); err != nil {
		return err
	}
	for name, n := range l.f.Counts() {
		if w.m.Counts()[name] != n {
			return ErrDiffers
		}
	}
	for name, n := range l.f.Sums {
		if w.m.Sums[name] != n {
			return ErrDiffers
		}
	}
	if !l.came.Copy && l.f.Schema == store.Newest() && w.m.Content != l.f.Content {
		return ErrDiffers
	}
	return nil
}
