package voucher

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/store"
	"lapak/internal/voucher/voucherdb"
)

// Service keeps vouchers and counts their uses.
type Service struct {
	db  *store.DB
	q   voucherdb.Queries
	key []byte
}

// New makes the service. root is the installation's secret; the key that hides
// the buyers' phone numbers is derived from it.
func New(db *store.DB, root []byte) (*Service, error) {
	key, err := hkdf.Key(sha256.New, root, nil, "lapak voucher buyer", 32)
	if err != nil {
		return nil, fmt.Errorf("derive buyer key: %w", err)
	}
	return &Service{db: db, key: key}, nil
}

// buyer is what is kept of a phone number (E.164): enough to count, not to call.
func (s *Service) buyer(business id.ID, phone string) string {
	m := hmac.New(sha256.New, s.key)
	m.Write(business[:])
	m.Write([]byte(phone))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// Buyer is what is kept of a phone number (E.164) in a business, for uses that
// were brought in from elsewhere.
func (s *Service) Buyer(business id.ID, phone string) string { return s.buyer(business, phone) }

// Apply tells what a code takes off an order of goods and delivery fee; it
// changes nothing. The phone (E.164) may be empty while it is not known yet.
// What keeps the code from counting is a fault.
func (s *Service) Apply(ctx context.Context, tx *store.Tx, sc authz.Scope, code, phone string, goods, shipping int64) (Discount, error) {
	v, err := s.byCode(ctx, tx, sc, code)
	if errors.Is(err, ErrNotFound) {
		return Discount{}, ErrUnknown
	}
	if err != nil {
		return Discount{}, err
	}
	if err := v.check(tx.Now); err != nil {
		return Discount{}, err
	}
	if v.Each > 0 && phone != "" {
		used, err := s.q.UsedBy(ctx, tx, voucherdb.UsedByParams{BusinessID: sc.Business, VoucherID: v.ID, Buyer: s.buyer(sc.Business, phone)})
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return Discount{}, fmt.Errorf("read uses: %w", err)
		}
		if used >= v.Each {
			return Discount{}, ErrYours
		}
	}
	off, err := v.Off(goods, shipping)
	if err != nil {
		return Discount{}, err
	}
	return Discount{Voucher: v.ID, Code: v.Code, Amount: off}, nil
}

// Use counts d as used by an order and its buyer, or is ErrUsedUp or ErrYours:
// then the transaction must be given up. An order uses one voucher, once.
func (s *Service) Use(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, phone string, d Discount) error {
	n, err := s.q.Take(ctx, tx, voucherdb.TakeParams{BusinessID: sc.Business, ID: d.Voucher})
	if err != nil {
		return fmt.Errorf("take voucher: %w", err)
	}
	if n == 0 {
		return ErrUsedUp
	}
	v, err := s.get(ctx, tx, sc, d.Voucher)
	if err != nil {
		return err
	}
	buyer := ""
	if phone != "" {
		buyer = s.buyer(sc.Business, phone)
		n, err = s.q.TakeBuyer(ctx, tx, voucherdb.TakeBuyerParams{BusinessID: sc.Business, VoucherID: d.Voucher, Buyer: buyer, PerBuyer: v.Each})
		if err != nil {
			return fmt.Errorf("take buyer's use: %w", err)
		}
		if n == 0 {
			return ErrYours
		}
	}
	n, err = s.q.InsertUse(ctx, tx, voucherdb.InsertUseParams{
		BusinessID: sc.Business, OrderID: order, VoucherID: d.Voucher, Buyer: buyer, Amount: d.Amount, At: tx.Now,
	})
	if err != nil {
		return fmt.Errorf("insert use: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("voucher: order %s has used one already", order)
	}
	return nil
}

// GiveBack lets an order's use count no more; without one it does nothing.
func (s *Service) GiveBack(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) error {
	r, err := s.q.DropUse(ctx, tx, voucherdb.DropUseParams{BusinessID: sc.Business, OrderID: order})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("drop use: %w", err)
	}
	if err := s.q.GiveBack(ctx, tx, voucherdb.GiveBackParams{BusinessID: sc.Business, ID: r.VoucherID}); err != nil {
		return fmt.Errorf("give back voucher: %w", err)
	}
	if r.Buyer == "" {
		return nil
	}
	err = s.q.GiveBackBuyer(ctx, tx, voucherdb.GiveBackBuyerParams{BusinessID: sc.Business, VoucherID: r.VoucherID, Buyer: r.Buyer})
	if err != nil {
		return fmt.Errorf("give back buyer's use: %w", err)
	}
	return nil
}

// Again reckons anew what the voucher that an order uses takes off after an
// edit. Its period and limits are not asked again: it was used already. Too
// small a purchase, or no delivery fee any more, takes nothing off.
func (s *Service) Again(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, goods, shipping int64) (int64, error) {
	r, err := s.q.VoucherOf(ctx, tx, voucherdb.VoucherOfParams{BusinessID: sc.Business, OrderID: order})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read voucher of order: %w", err)
	}
	off, err := row(r).Off(goods, shipping)
	if errors.Is(err, ErrLeast) || errors.Is(err, ErrShipping) {
		return 0, nil
	}
	return off, err
}

// Amend keeps what an order's use takes off now, after an edit.
func (s *Service) Amend(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, amount int64) error {
	if err := s.q.SetUse(ctx, tx, voucherdb.SetUseParams{BusinessID: sc.Business, OrderID: order, Amount: amount}); err != nil {
		return fmt.Errorf("amend use: %w", err)
	}
	return nil
}

// Get returns a voucher of the shop.
func (s *Service) Get(ctx context.Context, sc authz.Scope, voucher id.ID) (Voucher, error) {
	if err := sc.Can(authz.EditVouchers); err != nil {
		return Voucher{}, err
	}
	var v Voucher
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if v, err = s.get(ctx, tx, sc, voucher); err != nil {
			return err
		}
		list := []Voucher{v}
		err = s.given(ctx, tx, sc, list)
		v = list[0]
		return err
	})
	return v, err
}

// PageSize is how many vouchers List returns at most.
const PageSize = 30

// List returns vouchers, newest first, beginning after before; next is zero on the last page.
func (s *Service) List(ctx context.Context, sc authz.Scope, before id.ID) (list []Voucher, next id.ID, err error) {
	if err := sc.Can(authz.EditVouchers); err != nil {
		return nil, id.ID{}, err
	}
	if before.IsZero() {
		for i := range before {
			before[i] = 0xff
		}
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		list, next = nil, id.ID{}
		rows, err := s.q.List(ctx, tx, voucherdb.ListParams{BusinessID: sc.Business, BeforeID: before, Most: PageSize + 1})
		if err != nil {
			return fmt.Errorf("list vouchers: %w", err)
		}
		for i, r := range rows {
			if i == PageSize {
				next = list[i-1].ID
				break
			}
			list = append(list, row(r))
		}
		return s.given(ctx, tx, sc, list)
	})
	return list, next, err
}

func (s *Service) given(ctx context.Context, tx *store.Tx, sc authz.Scope, list []Voucher) error {
	ids := make([]id.ID, len(list))
	at := map[id.ID]int{}
	for i, v := range list {
		ids[i], at[v.ID] = v.ID, i
	}
	rows, err := s.q.Given(ctx, tx, voucherdb.GivenParams{BusinessID: sc.Business, Vouchers: store.IDs(ids)})
	if err != nil {
		return fmt.Errorf("sum uses: %w", err)
	}
	for _, r := range rows {
		list[at[r.VoucherID]].Given = r.Total
	}
	return nil
}

// Put makes a voucher or changes it. The same form sent again makes one.
func (s *Service) Put(ctx context.Context, sc authz.Scope, d Draft) error {
	if err := sc.Can(authz.EditVouchers); err != nil {
		return err
	}
	d.Code = Clean(d.Code)
	if d.Kind == Shipping {
		d.Value = 0
	}
	if d.Kind == Amount {
		d.Cap = 0
	}
	if err := d.Validate(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		d := d
		if d.StartsAt.IsZero() {
			d.StartsAt = tx.Now
		}
		was, err := s.get(ctx, tx, sc, d.ID)
		if errors.Is(err, ErrNotFound) {
			return s.insert(ctx, tx, sc, d)
		}
		if err != nil {
			return err
		}
		if d.New {
			return again(was, d)
		}
		n, err := s.q.Update(ctx, tx, voucherdb.UpdateParams{
			BusinessID: sc.Business, ID: d.ID, Code: d.Code, Kind: string(d.Kind), Value: d.Value, Cap: d.Cap, MinGoods: d.Least, StartsAt: d.StartsAt,
			EndsAt: d.EndsAt, MaxUses: d.Most, PerBuyer: d.Each, Active: d.Active,
		})
		if err != nil && !store.IsUnique(err) {
			return fmt.Errorf("update voucher: %w", err)
		}
		if n == 0 {
			return ErrTaken.On("code")
		}
		return audit.Note(ctx, tx, sc, "voucher.changed", d.ID, diff(was, d))
	})
}

func (s *Service) insert(ctx context.Context, tx *store.Tx, sc authz.Scope, d Draft) error {
	n, err := s.q.Insert(ctx, tx, voucherdb.InsertParams{
		BusinessID: sc.Business, ID: d.ID, Code: d.Code, Kind: string(d.Kind), Value: d.Value, Cap: d.Cap, MinGoods: d.Least, StartsAt: d.StartsAt,
		EndsAt: d.EndsAt, MaxUses: d.Most, PerBuyer: d.Each, Active: d.Active, CreatedAt: tx.Now,
	})
	if err != nil {
		return fmt.Errorf("insert voucher: %w", err)
	}
	if n == 0 { // the code is taken, or the same form was faster
		was, err := s.get(ctx, tx, sc, d.ID)
		if err == nil && d.New {
			return again(was, d)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return ErrTaken.On("code")
	}
	return audit.Note(ctx, tx, sc, "voucher.made", d.ID, diff(Voucher{}, d))
}

// again is nil if the voucher that the form made is the one that d describes.
func again(was Voucher, d Draft) error {
	if len(diff(was, d)) > 0 {
		return ErrOtherBody
	}
	return nil
}

func diff(was Voucher, d Draft) audit.Diff {
	all := audit.Diff{
		"code": {From: was.Code, To: d.Code}, "kind": {From: string(was.Kind), To: string(d.Kind)}, "value": {From: was.Value, To: d.Value},
		"cap": {From: was.Cap, To: d.Cap}, "least": {From: was.Least, To: d.Least}, "most": {From: was.Most, To: d.Most},
		"each": {From: was.Each, To: d.Each}, "active": {From: was.Active, To: d.Active},
	}
	for k, c := range all {
		if c.From == c.To {
			delete(all, k)
		}
	}
	return all
}

func (s *Service) get(ctx context.Context, tx *store.Tx, sc authz.Scope, voucher id.ID) (Voucher, error) {
	r, err := s.q.Get(ctx, tx, voucherdb.GetParams{BusinessID: sc.Business, ID: voucher})
	if errors.Is(err, sql.ErrNoRows) {
		return Voucher{}, ErrNotFound
	}
	if err != nil {
		return Voucher{}, fmt.Errorf("read voucher: %w", err)
	}
	return row(r), nil
}

func (s *Service) byCode(ctx context.Context, tx *store.Tx, sc authz.Scope, code string) (Voucher, error) {
	r, err := s.q.ByCode(ctx, tx, voucherdb.ByCodeParams{BusinessID: sc.Business, Code: Clean(code)})
	if errors.Is(err, sql.ErrNoRows) {
		return Voucher{}, ErrNotFound
	}
	if err != nil {
		return Voucher{}, fmt.Errorf("read voucher: %w", err)
	}
	return row(r), nil
}

func row(r voucherdb.Voucher) Voucher {
	return Voucher{
		ID: r.ID, Code: r.Code, Kind: Kind(r.Kind), Value: r.Value, Cap: r.Cap, Least: r.MinGoods, StartsAt: r.StartsAt, EndsAt: r.EndsAt,
		Most: r.MaxUses, Each: r.PerBuyer, Used: r.Used, Active: r.Active,
	}
}

// Sum writes what an amount or a percentage takes off.
func (v Voucher) Sum() string {
	if v.Kind == Percent {
		return fmt.Sprintf("%d%%", v.Value)
	}
	return money.String(v.Value)
}

// Invariants are what must hold of vouchers at any time.
var Invariants = []store.Invariant{
	{Name: "uses of a voucher are counted", SQL: `SELECT v.business_id, v.id FROM vouchers v WHERE v.used <> (
		SELECT count(*) FROM voucher_uses u WHERE u.business_id = v.business_id AND u.voucher_id = v.id)`},
	{Name: "uses of a buyer are counted", SQL: `SELECT b.business_id, b.voucher_id, b.buyer FROM voucher_buyers b WHERE b.used <> (
		SELECT count(*) FROM voucher_uses u WHERE u.business_id = b.business_id AND u.voucher_id = b.voucher_id AND u.buyer = b.buyer)`},
}
