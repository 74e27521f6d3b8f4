package customer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/customer/customerdb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// refSign begins what stands in the place of a phone number for customers who
// are known by a number of another system alone. No phone number begins so.
const refSign = "="

// FindRef returns the customer whom another system calls by ref, such as
// "toko-lama/13085", made if there is none. Such a customer has no phone number.
func (s *Service) FindRef(ctx context.Context, tx *store.Tx, sc authz.Scope, ref, name string) (id.ID, error) {
	name = clean(name)
	r, err := s.q.Find(ctx, tx, customerdb.FindParams{
		BusinessID: sc.Business, ID: id.At(tx.Now), Phone: refSign + ref, Name: name, Search: search(name, ""), Now: tx.Now,
	})
	if err != nil {
		return id.ID{}, fmt.Errorf("find customer: %w", err)
	}
	return r.ID, nil
}

// hasPhone reports whether what is kept is a number that can be called.
func hasPhone(kept string) bool { return strings.HasPrefix(kept, "+") }

// History is what imported orders add to a customer's figures.
type History struct {
	Orders, Spent int64
	First, Last   time.Time // zero if nothing was ordered anew
}

// Past adds history to a customer's figures.
func (s *Service) Past(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID, h History) error {
	var err error
	if h.First.IsZero() {
		err = s.q.Change(ctx, tx, customerdb.ChangeParams{BusinessID: sc.Business, ID: customer, Orders: h.Orders, Amount: h.Spent})
	} else {
		err = s.q.Past(ctx, tx, customerdb.PastParams{
			BusinessID: sc.Business, ID: customer, Orders: h.Orders, Amount: h.Spent, FirstAt: &h.First, LastAt: &h.Last,
		})
	}
	if err != nil {
		return fmt.Errorf("add history: %w", err)
	}
	return nil
}
