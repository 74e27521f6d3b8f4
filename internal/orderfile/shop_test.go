package orderfile_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/delivery"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/orderfile"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher"
)

var (
	root  = []byte(strings.Repeat("k", 32))
	zone  = time.FixedZone("WIB", 7*3600)
	since = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	until = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// server is the services of a server.
type server struct {
	db     *store.DB
	shops  *business.Service
	goods  *catalog.Service
	books  *ledger.Service
	people *customer.Service
	orders *order.Service
	paid   *payment.Service
}

func newServer(t testing.TB, db *store.DB) *server {
	t.Helper()
	s := &server{db: db, books: ledger.New(db)}
	blobs := blob.New(db)
	var err, err2, err3, err4 error
	s.shops, err = business.New(db, account.New(db, root), root)
	s.goods = catalog.New(db, s.shops, blobs)
	shelf := stock.New(db, s.goods)
	s.goods.OnStock = shelf.Set
	s.people, err2 = customer.New(db, root)
	vouchers, err3 := voucher.New(db, root)
	s.paid = payment.New(db, s.books, blobs)
	s.orders, err4 = order.New(db, root, order.Parts{
		Shops: s.shops, Goods: s.goods, Stock: shelf, Customers: s.people, Delivery: delivery.New(db, s.shops), Vouchers: vouchers, Payments: s.paid,
		Books: s.books, Blobs: blobs,
	})
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	s.people.OnErase = s.orders.Erase
	return s
}

// open makes a new business and returns its owner's scope.
func (s *server) open(t testing.TB) authz.Scope {
	t.Helper()
	now := s.db.Now()
	sc := authz.Scope{Actor: id.New(), Role: authz.Person, Now: now, ProvenAt: now}
	b, err := s.shops.Create(t.Context(), sc, business.NewShop{
		ID: id.New(), Name: "Toko Lama", Trade: "T1", Village: "32.11.01.2001", Phone: "081234567890", SoldBefore: business.SoldConventional,
	})
	if err != nil {
		t.Fatal(err)
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	return sc
}

func (s *server) holds(t testing.TB) {
	t.Helper()
	storetest.Holds(t, s.db, order.Invariants, ledger.Invariants, payment.Invariants, customer.Invariants, stock.Invariants)
}

// bad is a row that could not go in.
type bad struct {
	line int
	err  error
}

// load imports a CSV file in batches of lines.
func (s *server) load(t testing.TB, sc authz.Scope, r io.Reader, set func(*orderfile.Options), batch int) (order.Tally, []bad) {
	t.Helper()
	c := csv.NewReader(r)
	c.FieldsPerRecord, c.ReuseRecord = -1, true
	header, err := c.Read()
	if err != nil {
		t.Fatal(err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	o, ok := orderfile.Guess(header)
	if !ok {
		t.Fatalf("no format fits %q", header)
	}
	o.Zone = zone
	if set != nil {
		set(&o)
	}
	g := orderfile.NewGrouper(o)
	var tally order.Tally
	var list []bad
	var papers []order.Past
	lines := 0
	flush := func() {
		if len(papers) == 0 {
			return
		}
		n, err := s.orders.Import(t.Context(), sc, papers)
		if err != nil {
			t.Fatal(err)
		}
		tally, papers, lines = tally.Add(n), papers[:0], 0
	}
	take := func(groups []orderfile.Group) {
		for _, p := range groups {
			if p.Err != nil {
				for _, r := range p.Rows {
					list = append(list, bad{r.Line, p.Err})
				}
				continue
			}
			papers = append(papers, p.Past)
			if lines += len(p.Past.Lines); lines >= batch {
				flush()
			}
		}
	}
	for n := 2; ; n++ {
		cells, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		take(g.Add(orderfile.Row{Line: n, Cells: cells}))
	}
	take(g.End())
	flush()
	return tally, list
}

// save exports a shop's orders as CSV.
func (s *server) save(t testing.TB, sc authz.Scope) []byte {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(orderfile.Header())
	sc.Now, sc.ProvenAt = s.db.Now(), s.db.Now()
	err := s.orders.Export(t.Context(), sc, since, until, func(p order.Past) error {
		rows, err := orderfile.Rows(p, zone)
		if err != nil {
			return err
		}
		return w.WriteAll(rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Flush()
	return b.Bytes()
}

func (s *server) count(t testing.TB, sc authz.Scope, query string) (n int64) {
	t.Helper()
	err := s.db.View(store.Long(t.Context()), sc, func(tx *store.Tx) error {
		return tx.QueryRowContext(store.Long(t.Context()), query, sc.Business).Scan(&n)
	})
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", query, err))
	}
	return n
}

func (s *server) stands(t testing.TB, sc authz.Scope, a ledger.Account) (n int64) {
	t.Helper()
	err := s.db.View(t.Context(), sc, func(tx *store.Tx) (err error) {
		n, err = s.books.Balance(t.Context(), tx, sc, a, id.ID{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
