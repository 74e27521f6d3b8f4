package customer

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
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

// Service keeps customers.
type Service struct {
	db  *store.DB
	q   customerdb.Queries
	key []byte

	// OnErase takes the person out of what higher slices keep, in the
	// transaction that erases them. Package app sets it.
	OnErase func(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) error
	// OnChanged is told in the transaction what became of a customer: created,
	// updated, consented, withdrew or erased. Package app sets it.
	OnChanged func(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, what string) error
}

// New makes the service. root is the installation's secret; the key of the stop
// links is derived from it.
func New(db *store.DB, root []byte) (*Service, error) {
	key, err := hkdf.Key(sha256.New, root, nil, "lapak customer stop", 32)
	if err != nil {
		return nil, fmt.Errorf("derive link key: %w", err)
	}
	return &Service{db: db, key: key}, nil
}

// noted tells OnChanged, and writes the change down.
func (s *Service) noted(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, what, verb string, diffs ...audit.Diff) error {
	if err := s.tell(ctx, tx, sc, customer, what); err != nil {
		return err
	}
	return audit.Note(ctx, tx, sc, verb, customer, diffs...)
}

func (s *Service) tell(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, what string) error {
	if s.OnChanged == nil {
		return nil
	}
	return s.OnChanged(ctx, tx, sc, customer, what)
}

// Find returns the customer of a phone number (E.164), made if there is none
// yet, and keeps the name if one is given. It is called by orders.
func (s *Service) Find(ctx context.Context, tx *store.Tx, sc authz.Scope, e164, name string) (Customer, error) {
	n, err := phone.Parse(e164)
	if err != nil {
		return Customer{}, err
	}
	name = clean(name)
	fresh := id.At(tx.Now)
	r, err := s.q.Find(ctx, tx, customerdb.FindParams{
		BusinessID: sc.Business, ID: fresh, Phone: n.E164(), Name: name, Search: search(name, n.E164()), Now: tx.Now,
	})
	if err != nil {
		return Customer{}, fmt.Errorf("find customer: %w", err)
	}
	if r.ID == fresh {
		if err := s.tell(ctx, tx, sc, fresh, "created"); err != nil {
			return Customer{}, err
		}
	}
	return row(r), nil
}

// Ordered counts an order, placed at at, for a customer; with where it goes, if
// it is brought. Orders call it when they are placed.
func (s *Service) Ordered(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, at time.Time, to *Address) error {
	if _, err := s.q.Ordered(ctx, tx, customerdb.OrderedParams{BusinessID: sc.Business, ID: customer, At: &at}); err != nil {
		return fmt.Errorf("count order: %w", err)
	}
	if to == nil || to.Village == "" {
		return nil
	}
	a := *to
	a.Street, a.Landmark = clean(a.Street), clean(a.Landmark)
	if err := s.q.PutAddress(ctx, tx, customerdb.PutAddressParams{
		BusinessID: sc.Business, ID: id.At(tx.Now), CustomerID: customer, Mark: a.mark(), Village: a.Village, Street: a.Street, Landmark: a.Landmark,
		LatE6: a.LatE6, LngE6: a.LngE6, UsedAt: at,
	}); err != nil {
		return fmt.Errorf("keep address: %w", err)
	}
	return nil
}

// Dropped takes an order back that Ordered had counted: it was cancelled or returned.
func (s *Service) Dropped(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) error {
	if err := s.q.Dropped(ctx, tx, customerdb.DroppedParams{BusinessID: sc.Business, ID: customer}); err != nil {
		return fmt.Errorf("uncount order: %w", err)
	}
	return nil
}

// Spent adds to what a customer has spent: the sum of an order that ended well,
// or below zero what of it came back.
func (s *Service) Spent(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, amount int64) error {
	if err := s.q.Spent(ctx, tx, customerdb.SpentParams{BusinessID: sc.Business, ID: customer, Amount: amount}); err != nil {
		return fmt.Errorf("add spending: %w", err)
	}
	return nil
}

// Consent notes that a customer agreed on a form of ours (channel: web, chat,
// counter) to be written to about offers. Agreed before, it does nothing.
func (s *Service) Consent(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, channel string) error {
	source := "checkout"
	if sc.Role != authz.Guest {
		source = "owner"
	}
	return s.consent(ctx, tx, sc, customer, channel, source)
}

func (s *Service) consent(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, channel, source string) error {
	return s.consentAt(ctx, tx, sc, customer, channel, source, tx.Now)
}

func (s *Service) consentAt(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, channel, source string, at time.Time) error {
	has, err := s.consenting(ctx, tx, sc, []id.ID{customer})
	if err != nil || has[customer] {
		return err
	}
	if err := s.q.InsertConsent(ctx, tx, customerdb.InsertConsentParams{
		BusinessID: sc.Business, ID: id.At(tx.Now), CustomerID: customer, Purpose: string(Promo), Version: ConsentVersion, Channel: channel,
		Source: source, GivenAt: at,
	}); err != nil {
		return fmt.Errorf("insert consent: %w", err)
	}
	token := s.stop(sc.Business, customer)
	if err := s.q.InsertStop(ctx, tx, customerdb.InsertStopParams{TokenHash: id.Hash(token), BusinessID: sc.Business, CustomerID: customer}); err != nil {
		return fmt.Errorf("insert stop link: %w", err)
	}
	return s.noted(ctx, tx, sc, customer, "consented", "customer.consented", audit.Diff{"purpose": {From: "", To: string(Promo)}})
}

// MayPromote reports whether a customer may be written to about offers.
func (s *Service) MayPromote(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) (bool, error) {
	has, err := s.consenting(ctx, tx, sc, []id.ID{customer})
	return has[customer], err
}

func (s *Service) consenting(ctx context.Context, tx *store.Tx, sc authz.Scope, list []id.ID) (map[id.ID]bool, error) {
	rows, err := s.q.Consenting(ctx, tx, customerdb.ConsentingParams{BusinessID: sc.Business, Purpose: string(Promo), Customers: store.IDs(list)})
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	has := map[id.ID]bool{}
	for _, c := range rows {
		has[c] = true
	}
	return has, nil
}

func (s *Service) stop(business, customer id.ID) string {
	return id.Link(s.key, business, customer)
}

// StopHash is what the database keeps of a customer's stop link, for customers
// that were brought in from elsewhere.
func (s *Service) StopHash(business, customer id.ID) string {
	return id.Hash(s.stop(business, customer))
}

// StopPath is the address by which a customer says stop; it goes with every
// message about offers.
func (s *Service) StopPath(sc authz.Scope, customer id.ID) string {
	return "/berhenti/" + s.stop(sc.Business, customer)
}

// ByStop finds the shop of a stop link.
func (s *Service) ByStop(ctx context.Context, token string) (authz.Scope, id.ID, error) {
	if len(token) != 26 {
		return authz.Scope{}, id.ID{}, ErrNotFound
	}
	var sc authz.Scope
	var customer id.ID
	err := s.db.View(ctx, authz.Visitor(id.ID{}), func(tx *store.Tx) error {
		r, err := s.q.Stop(ctx, tx, id.Hash(token))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read stop link: %w", err)
		}
		sc, customer = authz.Visitor(r.BusinessID), r.CustomerID
		return nil
	})
	return sc, customer, err
}

// Stop withdraws, for who came by a stop link, the consent to be written to. Done
// twice, it does it once.
func (s *Service) Stop(ctx context.Context, token string) error {
	sc, customer, err := s.ByStop(ctx, token)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.withdraw(ctx, tx, sc, customer, "link") })
}

func (s *Service) withdraw(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, by string) error {
	n, err := s.q.Withdraw(ctx, tx, customerdb.WithdrawParams{
		BusinessID: sc.Business, CustomerID: customer, Purpose: string(Promo), Now: tx.Now, ByWhom: by,
	})
	if err != nil {
		return fmt.Errorf("withdraw consent: %w", err)
	}
	if n == 0 {
		return nil
	}
	return s.noted(ctx, tx, sc, customer, "withdrew", "customer.withdrew", audit.Diff{"purpose": {From: string(Promo), To: ""}})
}

// SetPromo gives or withdraws the consent to be written to, as the customer told the shop.
func (s *Service) SetPromo(ctx context.Context, sc authz.Scope, customer id.ID, on bool) error {
	if err := sc.Can(authz.EditCustomers); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		c, err := s.get(ctx, tx, sc, customer)
		if err != nil {
			return err
		}
		if c.ErasedAt != nil {
			return ErrErased
		}
		if on {
			return s.consent(ctx, tx, sc, customer, "chat", "owner")
		}
		return s.withdraw(ctx, tx, sc, customer, "owner")
	})
}

// Put changes a customer.
func (s *Service) Put(ctx context.Context, sc authz.Scope, customer id.ID, c Change) error {
	if err := sc.Can(authz.EditCustomers); err != nil {
		return err
	}
	return s.Edit(ctx, sc, customer, func(to *Change) { *to = c })
}

// Edit changes a customer as fn says from how they stand. Nobody else changes
// them meanwhile: what fn leaves alone stays.
func (s *Service) Edit(ctx context.Context, sc authz.Scope, customer id.ID, fn func(*Change)) error {
	if err := sc.Can(authz.EditCustomers); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if _, err := s.q.Hold(ctx, tx, customerdb.HoldParams{BusinessID: sc.Business, ID: customer}); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("hold customer: %w", err)
		}
		was, err := s.get(ctx, tx, sc, customer)
		if err != nil {
			return err
		}
		c := Change{Name: was.Name, Phone: was.Phone, Note: was.Note, Tags: strings.Join(was.Tags, ",")}
		fn(&c)
		c = c.clean()
		if err := c.Validate(); err != nil {
			return err
		}
		if was.ErasedAt != nil {
			return ErrErased
		}
		n, err := s.q.Put(ctx, tx, customerdb.PutParams{
			BusinessID: sc.Business, ID: customer, Name: c.Name, Phone: c.Phone, Search: search(c.Name, c.Phone), Note: c.Note, Tags: c.Tags,
		})
		if err != nil && !store.IsUnique(err) {
			return fmt.Errorf("put customer: %w", err)
		}
		if n == 0 {
			return ErrTaken.On("phone")
		}
		d := audit.Diff{}
		if was.Phone != c.Phone {
			d["phone"] = audit.Change{From: phone.Mask(was.Phone), To: phone.Mask(c.Phone)}
		}
		for field, differs := range map[string]bool{"name": was.Name != c.Name, "note": was.Note != c.Note, "tags": strings.Join(was.Tags, ", ") != c.Tags} {
			if differs {
				d[field] = audit.Change{From: "***", To: "***"}
			}
		}
		return s.noted(ctx, tx, sc, customer, "updated", "customer.changed", d)
	})
}

// DropAddress forgets one of a customer's addresses.
func (s *Service) DropAddress(ctx context.Context, sc authz.Scope, customer, address id.ID) error {
	if err := sc.Can(authz.EditCustomers); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		n, err := s.q.DropAddress(ctx, tx, customerdb.DropAddressParams{BusinessID: sc.Business, CustomerID: customer, ID: address})
		if err != nil {
			return fmt.Errorf("drop address: %w", err)
		}
		if n == 0 {
			return ErrNotFound
		}
		return s.noted(ctx, tx, sc, customer, "updated", "customer.address_dropped")
	})
}

// Erase overwrites who the customer was; their orders and sums stay. It needs
// the owner.
func (s *Service) Erase(ctx context.Context, sc authz.Scope, customer id.ID) error {
	if err := mayOwn(sc); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if _, err := s.get(ctx, tx, sc, customer); err != nil {
			return err
		}
		n, err := s.q.Erase(ctx, tx, customerdb.EraseParams{BusinessID: sc.Business, ID: customer, Phone: "-" + customer.String(), Now: &tx.Now})
		if err != nil {
			return fmt.Errorf("erase customer: %w", err)
		}
		if n == 0 {
			return nil // it was done before
		}
		if err := s.q.DropAddresses(ctx, tx, customerdb.DropAddressesParams{BusinessID: sc.Business, CustomerID: customer}); err != nil {
			return fmt.Errorf("drop addresses: %w", err)
		}
		if err := s.withdraw(ctx, tx, sc, customer, "erase"); err != nil {
			return err
		}
		if s.OnErase != nil {
			if err := s.OnErase(ctx, tx, sc, customer); err != nil {
				return err
			}
		}
		return s.noted(ctx, tx, sc, customer, "erased", "customer.erased")
	})
}

// mayOwn holds for the owner alone: what cannot be undone, and what leaves the shop.
func mayOwn(sc authz.Scope) error {
	if err := sc.Can(authz.EditCustomers); err != nil {
		return err
	}
	return sc.Can(authz.EditShop)
}
