package order

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/order/orderdb"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// Filter says which orders are wanted. The zero Filter wants all, newest first.
type Filter struct {
	Tab      Tab
	State    State
	Way      Way
	PayBy    payment.Method
	Channel  Channel
	Unpaid   bool
	Since    time.Time // placed at or after
	Until    time.Time // placed before
	Words    string    // code, name, phone or product
	Customer id.ID
	Cursor   Cursor
	Max      int // at most MaxPage; zero: 20
}

// MaxPage bounds a page of the list, look how far a filter looks back, and
// maxWords what is searched for.
const (
	MaxPage  = 100
	look     = 20_000
	maxWords = 100
)

// Cursor is where the next page begins.
type Cursor struct {
	At time.Time
	ID id.ID
}

// String writes the cursor for an address; the zero Cursor is empty.
func (c Cursor) String() string {
	if c.ID.IsZero() {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(c.At.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, c.ID[:]...))
}

// ParseCursor reads what String wrote; anything else is the first page.
func ParseCursor(s string) Cursor {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return Cursor{}
	}
	return Cursor{time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC(), id.ID(b[8:])}
}

// Page is a part of the list. Next is zero on the last one.
type Page struct {
	Orders []Order // without their lines
	Next   Cursor
}

// List returns orders, newest first, without their lines.
func (s *Service) List(ctx context.Context, sc authz.Scope, f Filter) (Page, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return Page{}, err
	}
	var p Page
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		p, err = s.ListTx(ctx, tx, sc, f)
		return err
	})
	return p, err
}

// ListTx is List in the caller's transaction, which has asked whether it may.
func (s *Service) ListTx(ctx context.Context, tx *store.Tx, sc authz.Scope, f Filter) (Page, error) {
	if f.Max <= 0 {
		f.Max = 20
	}
	f.Max = min(f.Max, MaxPage)
	if f.Cursor.ID.IsZero() {
		f.Cursor = Cursor{tx.Now.Add(time.Hour), id.ID{}}
		if !f.Until.IsZero() {
			f.Cursor.At = f.Until
		}
	}
	rows, err := s.rows(ctx, tx, sc, f)
	if err != nil {
		return Page{}, fmt.Errorf("list orders: %w", err)
	}
	var p Page
	for i, r := range rows {
		if i == f.Max {
			last := p.Orders[i-1]
			p.Next = Cursor{last.PlacedAt, last.ID}
			break
		}
		p.Orders = append(p.Orders, row(r))
	}
	return p, nil
}

func (s *Service) rows(ctx context.Context, tx *store.Tx, sc authz.Scope, f Filter) ([]orderdb.Order, error) {
	at, before, most := f.Cursor.At, f.Cursor.ID, int32(f.Max+1)
	// What is a number or a whole phone number is looked up straight, however
	// long ago; if there is none, it may still be a part of one.
	if number, ok := numberOf(f.Words); ok && f.bare() {
		rows, err := s.q.ByNumber(ctx, tx, orderdb.ByNumberParams{BusinessID: sc.Business, Number: number})
		if err != nil || len(rows) > 0 {
			return rows, err
		}
	}
	if n, err := phone.Parse(f.Words); err == nil && f.bare() {
		rows, err := s.q.ListPhone(ctx, tx, orderdb.ListPhoneParams{BusinessID: sc.Business, Phone: n.E164(), BeforeAt: at, BeforeID: before, Most: most})
		if err != nil || len(rows) > 0 {
			return rows, err
		}
	}
	if f.Words != "" || f.narrow() {
		one, two := patterns(f.Words)
		return s.q.ListFiltered(ctx, tx, orderdb.ListFilteredParams{
			BusinessID: sc.Business, BeforeAt: at, BeforeID: before, Since: f.Since, Look: look, Tab: string(f.Tab), State: string(f.State), Way: string(f.Way),
			PayBy: string(f.PayBy), Channel: string(f.Channel), Unpaid: f.Unpaid, One: one, Two: two, Most: most,
		})
	}
	switch {
	case !f.Customer.IsZero():
		return s.q.ListCustomer(ctx, tx, orderdb.ListCustomerParams{BusinessID: sc.Business, CustomerID: f.Customer.Null(), BeforeAt: at, BeforeID: before, Most: most})
	case f.Tab != "":
		return s.q.ListTab(ctx, tx, orderdb.ListTabParams{BusinessID: sc.Business, Tab: string(f.Tab), BeforeAt: at, BeforeID: before, Most: most})
	}
	return s.q.ListAll(ctx, tx, orderdb.ListAllParams{BusinessID: sc.Business, BeforeAt: at, BeforeID: before, Most: most})
}

// narrow reports whether more is asked for than a tab.
func (f Filter) narrow() bool {
	return f.State != "" || f.Way != "" || f.PayBy != "" || f.Channel != "" || f.Unpaid || !f.Since.IsZero()
}

// bare reports whether only words are given, so that they may be looked up straight.
func (f Filter) bare() bool { return !f.narrow() && f.Until.IsZero() }

// numberOf reads "LPK-0042" and "42".
func numberOf(words string) (int64, bool) {
	s := strings.TrimSpace(strings.ToUpper(words))
	s = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(s, "#"), "LPK"))
	s = strings.TrimLeft(s, "- ")
	if s == "" || len(s) > 9 {
		return 0, false
	}
	var n int64
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0, false
		}
		n = n*10 + int64(r-'0')
	}
	return n, n > 0
}

// patterns makes the words that a text is to contain, at most two of them.
func patterns(words string) (one, two string) {
	if r := []rune(words); len(r) > maxWords {
		words = string(r[:maxWords])
	}
	words = strings.NewReplacer("%", " ", "_", " ", `\`, " ").Replace(catalog.Fold(words))
	list := strings.Fields(words)
	if len(list) == 0 {
		return "", ""
	}
	one = "%" + list[0] + "%"
	if len(list) > 1 {
		two = "%" + strings.Join(list[1:], " ") + "%"
	}
	return one, two
}

// Counts tells how many orders are in the tabs that empty again. The others
// grow for ever and are not counted.
func (s *Service) Counts(ctx context.Context, sc authz.Scope) (map[Tab]int64, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return nil, err
	}
	counts := map[Tab]int64{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(counts)
		rows, err := s.q.Counts(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("count orders: %w", err)
		}
		for _, r := range rows {
			counts[Tab(r.Tab)] = r.N
		}
		return nil
	})
	return counts, err
}

// Carried lists what a courier has with them or could not deliver, oldest first.
func (s *Service) Carried(ctx context.Context, sc authz.Scope, courier id.ID) ([]Order, error) {
	if err := sc.Can(authz.Deliver); err != nil {
		return nil, err
	}
	if sc.Role == authz.Courier {
		courier = sc.Actor
	}
	var list []Order
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.ListCourier(ctx, tx, orderdb.ListCourierParams{BusinessID: sc.Business, CourierID: courier.Null(), Most: MaxPage})
		if err != nil {
			return fmt.Errorf("list parcels: %w", err)
		}
		for _, r := range rows {
			list = append(list, row(r))
		}
		return nil
	})
	return list, err
}

// Favorites tells how many pieces of each variant were ordered in the last
// four weeks, of those that sell most.
func (s *Service) Favorites(ctx context.Context, sc authz.Scope) (map[id.ID]int64, error) {
	if err := sc.Can(authz.PlaceOrders); err != nil {
		return nil, err
	}
	best := map[id.ID]int64{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(best)
		rows, err := s.q.Favorites(ctx, tx, orderdb.FavoritesParams{BusinessID: sc.Business, Since: tx.Now.AddDate(0, 0, -28)})
		if err != nil {
			return fmt.Errorf("list favourites: %w", err)
		}
		for _, r := range rows {
			if !r.VariantID.IsZero() { // imported lines of what is not in the catalogue
				best[r.VariantID] = r.Pieces
			}
		}
		return nil
	})
	return best, err
}

// Many returns orders with their lines, by id, in the caller's transaction;
// those that are not the shop's are left out.
func (s *Service) Many(ctx context.Context, tx *store.Tx, sc authz.Scope, orders []id.ID) (map[id.ID]Order, error) {
	rows, err := s.q.Many(ctx, tx, orderdb.ManyParams{BusinessID: sc.Business, Ids: store.IDs(orders)})
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	list := make(map[id.ID]Order, len(rows))
	for _, r := range rows {
		list[r.ID] = row(r)
	}
	lines, err := s.q.LinesOf(ctx, tx, orderdb.LinesOfParams{BusinessID: sc.Business, Ids: store.IDs(orders)})
	if err != nil {
		return nil, fmt.Errorf("list lines: %w", err)
	}
	for _, r := range lines {
		o := list[r.OrderID]
		o.Lines = append(o.Lines, line(r))
		list[r.OrderID] = o
	}
	return list, nil
}
