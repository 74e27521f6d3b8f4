package customer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/customer/customerdb"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// Detail is a customer with all that their page shows.
type Detail struct {
	Customer
	Addresses []Address
	Consents  []Consent
}

// Get returns a customer for the people of the shop.
func (s *Service) Get(ctx context.Context, sc authz.Scope, customer id.ID) (Detail, error) {
	if err := sc.Can(authz.SeeCustomers); err != nil {
		return Detail{}, err
	}
	var d Detail
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		d, err = s.detail(ctx, tx, sc, customer)
		return err
	})
	return d, err
}

func (s *Service) detail(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) (d Detail, err error) {
	if d.Customer, err = s.get(ctx, tx, sc, customer); err != nil {
		return Detail{}, err
	}
	if d.Addresses, err = s.Addresses(ctx, tx, sc, customer); err != nil {
		return Detail{}, err
	}
	rows, err := s.q.Consents(ctx, tx, customerdb.ConsentsParams{BusinessID: sc.Business, CustomerID: customer})
	if err != nil {
		return Detail{}, fmt.Errorf("list consents: %w", err)
	}
	for _, r := range rows {
		d.Consents = append(d.Consents, Consent{
			ID: r.ID, Purpose: Purpose(r.Purpose), Version: r.Version, Channel: r.Channel, Source: r.Source, GivenAt: r.GivenAt,
			WithdrawnAt: r.WithdrawnAt, WithdrawnBy: r.WithdrawnBy,
		})
		d.Promo = d.Promo || Purpose(r.Purpose) == Promo && r.WithdrawnAt == nil
	}
	return d, nil
}

// Addresses lists where a customer had things brought, the last used first.
func (s *Service) Addresses(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) ([]Address, error) {
	rows, err := s.q.Addresses(ctx, tx, customerdb.AddressesParams{BusinessID: sc.Business, CustomerID: customer})
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	list := make([]Address, len(rows))
	for i, r := range rows {
		list[i] = Address{ID: r.ID, Village: r.Village, Street: r.Street, Landmark: r.Landmark, LatE6: r.LatE6, LngE6: r.LngE6, UsedAt: r.UsedAt}
	}
	return list, nil
}

func (s *Service) get(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) (Customer, error) {
	r, err := s.q.Get(ctx, tx, customerdb.GetParams{BusinessID: sc.Business, ID: customer})
	if errors.Is(err, sql.ErrNoRows) {
		return Customer{}, ErrNotFound
	}
	if err != nil {
		return Customer{}, fmt.Errorf("read customer: %w", err)
	}
	return row(r), nil
}

func row(r customerdb.Customer) Customer {
	c := Customer{
		ID: r.ID, Phone: r.Phone, Name: r.Name, Note: r.Note, Tags: tags(r.Tags), Orders: r.Orders, Spent: r.Spent, FirstOrderAt: r.FirstOrderAt,
		LastOrderAt: r.LastOrderAt, LastAt: r.LastAt, CreatedAt: r.CreatedAt, ErasedAt: r.ErasedAt,
	}
	if c.ErasedAt != nil || !hasPhone(c.Phone) {
		c.Phone = ""
	}
	return c
}

// List returns customers, those who ordered last first.
func (s *Service) List(ctx context.Context, sc authz.Scope, f Filter) (Page, error) {
	if err := sc.Can(authz.SeeCustomers); err != nil {
		return Page{}, err
	}
	if f.Max <= 0 || f.Max > 100 {
		f.Max = 30
	}
	var p Page
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		p = Page{}
		rows, err := s.rows(ctx, tx, sc, f)
		if err != nil {
			return fmt.Errorf("list customers: %w", err)
		}
		for i, r := range rows {
			if i == f.Max {
				last := p.Customers[i-1]
				p.Next = Cursor{last.LastAt, last.ID}
				break
			}
			p.Customers = append(p.Customers, row(r))
		}
		return s.fill(ctx, tx, sc, p.Customers)
	})
	return p, err
}

// All returns customers in the order in which they were first seen, which no
// later order changes, and whether there are more.
func (s *Service) All(ctx context.Context, sc authz.Scope, after id.ID, most int) (list []Customer, more bool, err error) {
	if err := sc.Can(authz.SeeCustomers); err != nil {
		return nil, false, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		rows, err := s.q.All(ctx, tx, customerdb.AllParams{BusinessID: sc.Business, After: after, Most: int32(most + 1)})
		if err != nil {
			return fmt.Errorf("list customers: %w", err)
		}
		list, more = nil, len(rows) > most
		for _, r := range rows[:min(len(rows), most)] {
			list = append(list, row(r))
		}
		return s.fill(ctx, tx, sc, list)
	})
	return list, more, err
}

func (s *Service) rows(ctx context.Context, tx *store.Tx, sc authz.Scope, f Filter) ([]customerdb.Customer, error) {
	at, before, most := f.Cursor.At, f.Cursor.ID, int32(f.Max+1)
	if before.IsZero() {
		at = tx.Now.Add(time.Hour)
	}
	if f.Words != "" {
		if n, err := phone.Parse(f.Words); err == nil {
			r, err := s.q.ByPhone(ctx, tx, customerdb.ByPhoneParams{BusinessID: sc.Business, Phone: n.E164()})
			if err == nil {
				return []customerdb.Customer{r}, nil
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
		}
		return s.q.Search(ctx, tx, customerdb.SearchParams{BusinessID: sc.Business, BeforeAt: at, BeforeID: before, Words: pattern(f.Words), Most: most})
	}
	switch f.Group {
	case Regular:
		return s.q.ListRegular(ctx, tx, customerdb.ListRegularParams{BusinessID: sc.Business, BeforeAt: at, BeforeID: before, Least: RegularFrom, Most: most})
	case Newest:
		since := tx.Now.Add(-QuietAfter)
		return s.q.ListNew(ctx, tx, customerdb.ListNewParams{BusinessID: sc.Business, BeforeAt: at, BeforeID: before, Since: since, Most: most})
	case Quiet:
		if before.IsZero() {
			at = tx.Now.Add(-QuietAfter)
		}
		return s.q.ListQuiet(ctx, tx, customerdb.ListQuietParams{BusinessID: sc.Business, BeforeAt: at, BeforeID: before, Most: most})
	case Promos:
		return s.q.ListConsenting(ctx, tx, customerdb.ListConsentingParams{
			BusinessID: sc.Business, BeforeAt: at, BeforeID: before, Purpose: string(Promo), Most: most,
		})
	}
	return s.q.List(ctx, tx, customerdb.ListParams{BusinessID: sc.Business, BeforeAt: at, BeforeID: before, Most: most})
}

// pattern makes what a name or number is to contain. Digits are looked for
// without the spaces between them.
func pattern(words string) string {
	if r := []rune(words); len(r) > 100 {
		words = string(r[:100])
	}
	w := fold(words)
	if d := strings.ReplaceAll(w, " ", ""); d != "" && strings.Trim(d, "0123456789") == "" {
		w = d
	}
	return "%" + w + "%"
}

// fill adds where customers live and whether they may be written to.
func (s *Service) fill(ctx context.Context, tx *store.Tx, sc authz.Scope, list []Customer) error {
	if len(list) == 0 {
		return nil
	}
	ids, at := make([]id.ID, len(list)), map[id.ID]int{}
	for i, c := range list {
		ids[i], at[c.ID] = c.ID, i
	}
	has, err := s.consenting(ctx, tx, sc, ids)
	if err != nil {
		return err
	}
	rows, err := s.q.LastAddresses(ctx, tx, customerdb.LastAddressesParams{BusinessID: sc.Business, Customers: store.IDs(ids)})
	if err != nil {
		return fmt.Errorf("list last addresses: %w", err)
	}
	for _, r := range rows {
		if c := &list[at[r.CustomerID]]; c.Village == "" {
			c.Village = r.Village
		}
	}
	for c := range has {
		list[at[c]].Promo = true
	}
	return nil
}

// MaxQuiet is up to where the quiet are counted, so that the page of a shop
// with many customers is as quick as that of one with few.
const MaxQuiet = 100

// QuietCount is how many customers have not ordered for long; MaxQuiet means
// so many or more.
func (s *Service) QuietCount(ctx context.Context, sc authz.Scope) (int64, error) {
	if err := sc.Can(authz.SeeCustomers); err != nil {
		return 0, err
	}
	var n int64
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		n, err = s.q.CountQuiet(ctx, tx, customerdb.CountQuietParams{BusinessID: sc.Business, BeforeAt: tx.Now.Add(-QuietAfter), Most: MaxQuiet})
		if err != nil {
			return fmt.Errorf("count quiet: %w", err)
		}
		return nil
	})
	return n, err
}

// Recent lists the last n customers for entering an order, with their last village.
func (s *Service) Recent(ctx context.Context, sc authz.Scope, n int) ([]Customer, error) {
	p, err := s.List(ctx, sc, Filter{Max: n})
	return p.Customers, err
}

// Copy returns all that is kept of a customer, to be given to them, and notes
// that it was taken out. It needs the owner.
func (s *Service) Copy(ctx context.Context, sc authz.Scope, customer id.ID) (Detail, error) {
	if err := mayOwn(sc); err != nil {
		return Detail{}, err
	}
	var d Detail
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) (err error) {
		if d, err = s.detail(ctx, tx, sc, customer); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "customer.copied", customer)
	})
	return d, err
}

// Invariants are what must hold of customers at any time.
var Invariants = []store.Invariant{
	{Name: "an erased customer has nothing left", SQL: `SELECT c.business_id, c.id FROM customers c WHERE c.erased_at IS NOT NULL AND (
		c.name <> '' OR c.note <> '' OR c.tags <> '' OR c.search <> ''
		OR EXISTS (SELECT 1 FROM customer_addresses a WHERE a.business_id = c.business_id AND a.customer_id = c.id))`},
	{Name: "one consent stands for one purpose", SQL: `SELECT business_id, customer_id, purpose FROM customer_consents
		WHERE withdrawn_at IS NULL GROUP BY business_id, customer_id, purpose HAVING count(*) > 1`},
}
