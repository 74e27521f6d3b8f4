package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/payment/paymentdb"
	"lapak/internal/store"
)

// Service keeps the ways to be paid and notes what was paid.
type Service struct {
	db    *store.DB
	q     paymentdb.Queries
	books *ledger.Service
	blobs *blob.Service

	// OnPayout is called in the transaction that changes where money goes, so
	// that the owner is told. Package app sets it.
	OnPayout func(ctx context.Context, tx *store.Tx, sc authz.Scope) error
	// OnNoted is called in the transaction that notes money received or given
	// back. Package app sets it.
	OnNoted func(ctx context.Context, tx *store.Tx, sc authz.Scope, p Payment) error
}

// New makes the service.
func New(db *store.DB, books *ledger.Service, blobs *blob.Service) *Service {
	return &Service{db: db, books: books, blobs: blobs}
}

// Get returns how the shop is paid.
func (s *Service) Get(ctx context.Context, sc authz.Scope) (Settings, error) {
	var st Settings
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		st, err = s.Settings(ctx, tx, sc)
		return err
	})
	return st, err
}

type keptKey struct{}

// Kept is Settings from memory: for who reads it often and changes nothing in it.
func (s *Service) Kept(ctx context.Context, tx *store.Tx, sc authz.Scope) (Settings, error) {
	return store.Kept(tx, sc.Business, keptKey{}, func() (Settings, error) { return s.Settings(ctx, tx, sc) })
}

// Settings returns how the shop is paid; Defaults if it has not said so.
func (s *Service) Settings(ctx context.Context, tx *store.Tx, sc authz.Scope) (Settings, error) {
	r, err := s.q.Settings(ctx, tx, sc.Business)
	if errors.Is(err, sql.ErrNoRows) {
		return Defaults(), nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	st := Settings{
		Cash: r.Cash, COD: r.Cod, CODFeeKind: FeeKind(r.CodFeeKind), CODFee: r.CodFee, CODMax: r.CodMax,
		Transfer: r.Transfer, TransferHold: time.Duration(r.TransferHold) * time.Second, Codes: r.Codes,
		QRIS: r.Qris, QRISHold: time.Duration(r.QrisHold) * time.Second, QRISText: r.QrisText, QRISPhoto: id.Or(r.QrisPhoto), UpdatedAt: r.UpdatedAt,
	}
	rows, err := s.q.Accounts(ctx, tx, sc.Business)
	if err != nil {
		return Settings{}, fmt.Errorf("list accounts: %w", err)
	}
	for _, a := range rows {
		st.Accounts = append(st.Accounts, Account(a))
	}
	return st, nil
}

// clean tidies what was typed.
func (st Settings) clean() Settings {
	st.QRISText = strings.TrimSpace(st.QRISText)
	st.Accounts = slices.Clone(st.Accounts)
	for i, a := range st.Accounts {
		a.Number = digits(a.Number)
		a.Holder = strings.Join(strings.Fields(a.Holder), " ")
		st.Accounts[i] = a
	}
	return st
}

// digits leaves out what people put between the digits of a number.
func digits(s string) string { return strings.NewReplacer(" ", "", "-", "", ".", "").Replace(s) }

// payout is what decides where money goes.
func (st Settings) payout() string {
	var b strings.Builder
	for _, a := range st.Accounts {
		fmt.Fprintf(&b, "%s|%s|%s\n", a.Bank, a.Number, a.Holder)
	}
	return b.String() + st.QRISText + "|" + st.QRISPhoto.String()
}

// Put sets how the shop is paid. Changing accounts or the QRIS code needs a
// fresh proof of who it is, and the owner is told.
func (s *Service) Put(ctx context.Context, sc authz.Scope, st Settings) error {
	return s.change(ctx, sc, func(old *Settings) error {
		st.UpdatedAt = old.UpdatedAt
		*old = st
		return nil
	})
}

// PutWays sets all but the accounts and the code.
func (s *Service) PutWays(ctx context.Context, sc authz.Scope, st Settings) error {
	return s.change(ctx, sc, func(old *Settings) error {
		st.Accounts, st.QRISText, st.QRISPhoto, st.UpdatedAt = old.Accounts, old.QRISText, old.QRISPhoto, old.UpdatedAt
		*old = st
		return nil
	})
}

// AddAccount adds a bank account and takes transfers from now on.
func (s *Service) AddAccount(ctx context.Context, sc authz.Scope, a Account) error {
	return s.change(ctx, sc, func(st *Settings) error {
		if slices.ContainsFunc(st.Accounts, func(b Account) bool { return b.ID == a.ID }) {
			return nil
		}
		if len(st.Accounts) >= MaxAccounts {
			return ErrAccounts.With(MaxAccounts)
		}
		if slices.ContainsFunc(st.Accounts, func(b Account) bool { return b.Bank == a.Bank && b.Number == digits(a.Number) }) {
			return ErrTwice.On("number")
		}
		st.Accounts, st.Transfer = append(slices.Clone(st.Accounts), a), true
		return nil
	})
}

// RemoveAccount takes an account away; without any, no transfers are taken.
func (s *Service) RemoveAccount(ctx context.Context, sc authz.Scope, account id.ID) error {
	return s.change(ctx, sc, func(st *Settings) error {
		st.Accounts = slices.DeleteFunc(slices.Clone(st.Accounts), func(a Account) bool { return a.ID == account })
		st.Transfer = st.Transfer && len(st.Accounts) > 0
		return nil
	})
}

// PutQRIS sets the shop's code: its text, or a picture of it that was uploaded
// before. With neither, QRIS is not taken any more.
func (s *Service) PutQRIS(ctx context.Context, sc authz.Scope, text string, photo id.ID) error {
	return s.change(ctx, sc, func(st *Settings) error {
		st.QRISText, st.QRISPhoto = text, photo
		st.QRIS = text != "" || !photo.IsZero()
		return nil
	})
}

// change lets fn change the settings, and keeps them.
func (s *Service) change(ctx context.Context, sc authz.Scope, fn func(*Settings) error) error {
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		old, err := s.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		st := old
		if err := fn(&st); err != nil {
			return err
		}
		if st = st.clean(); validate(st) != nil {
			return validate(st)
		}
		return s.put(ctx, tx, sc, old, st)
	})
}

func (s *Service) put(ctx context.Context, tx *store.Tx, sc authz.Scope, old, st Settings) error {
	payout := old.payout() != st.payout()
	if payout {
		if err := mayPayout(sc, old); err != nil {
			return err
		}
		if err := s.putAccounts(ctx, tx, sc, st.Accounts); err != nil {
			return err
		}
		if err := s.swapPhoto(ctx, tx, sc, old.QRISPhoto, st.QRISPhoto); err != nil {
			return err
		}
	}
	if err := s.q.PutSettings(ctx, tx, paymentdb.PutSettingsParams{
		BusinessID: sc.Business, Cash: st.Cash, Cod: st.COD, CodFeeKind: string(st.CODFeeKind), CodFee: st.CODFee, CodMax: st.CODMax,
		Transfer: st.Transfer, TransferHold: int64(st.TransferHold / time.Second), Codes: st.Codes,
		Qris: st.QRIS, QrisHold: int64(st.QRISHold / time.Second), QrisText: st.QRISText, QrisPhoto: st.QRISPhoto.Null(), UpdatedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("put settings: %w", err)
	}
	tx.Touch(sc.Business)
	if payout && s.OnPayout != nil && !old.UpdatedAt.IsZero() {
		if err := s.OnPayout(ctx, tx, sc); err != nil {
			return err
		}
	}
	verb := "payment.settings"
	if payout {
		verb = "payment.payout"
	}
	return audit.Note(ctx, tx, sc, verb, sc.Business, differ(old, st))
}

// mayPayout asks for a fresh proof, but not while a shop is being set up: there
// is nothing yet that could be turned elsewhere.
func mayPayout(sc authz.Scope, old Settings) error {
	err := sc.Can(authz.EditPayout)
	if old.UpdatedAt.IsZero() && errors.Is(err, authz.ErrFresh) {
		return nil
	}
	return err
}

func (s *Service) swapPhoto(ctx context.Context, tx *store.Tx, sc authz.Scope, old, photo id.ID) error {
	if old == photo {
		return nil
	}
	if !photo.IsZero() {
		if _, err := s.blobs.Attach(ctx, tx, sc, sc.Business, photo); err != nil {
			return err
		}
	}
	if old.IsZero() {
		return nil
	}
	return s.blobs.Detach(ctx, tx, sc, sc.Business, old)
}

func validate(st Settings) error {
	err := st.Validate()
	if err != nil {
		return err
	}
	if len(st.Accounts) > MaxAccounts {
		return ErrAccounts.With(MaxAccounts)
	}
	for _, a := range st.Accounts {
		if err := a.Validate(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) putAccounts(ctx context.Context, tx *store.Tx, sc authz.Scope, list []Account) error {
	if err := s.q.DeleteAccounts(ctx, tx, sc.Business); err != nil {
		return fmt.Errorf("delete accounts: %w", err)
	}
	for i, a := range list {
		if a.ID.IsZero() {
			a.ID = id.New()
		}
		if _, err := s.q.InsertAccount(ctx, tx, paymentdb.InsertAccountParams{
			BusinessID: sc.Business, ID: a.ID, Bank: a.Bank, Number: a.Number, Holder: a.Holder, Position: int64(i),
		}); err != nil {
			return fmt.Errorf("insert account: %w", err)
		}
	}
	return nil
}

// differ tells what changed, without names and whole numbers.
func differ(a, b Settings) audit.Diff {
	d := audit.Diff{}
	put := func(k, x, y string) {
		if x != y {
			d[k] = audit.Change{From: x, To: y}
		}
	}
	flag := strconv.FormatBool
	put("cash", flag(a.Cash), flag(b.Cash))
	put("cod", flag(a.COD), flag(b.COD))
	put("cod_fee", fmt.Sprint(a.CODFeeKind, a.CODFee), fmt.Sprint(b.CODFeeKind, b.CODFee))
	put("cod_max", fmt.Sprint(a.CODMax), fmt.Sprint(b.CODMax))
	put("transfer", flag(a.Transfer), flag(b.Transfer))
	put("transfer_hold", a.TransferHold.String(), b.TransferHold.String())
	put("codes", flag(a.Codes), flag(b.Codes))
	put("qris", flag(a.QRIS), flag(b.QRIS))
	put("qris_hold", a.QRISHold.String(), b.QRISHold.String())
	put("accounts", masked(a.Accounts), masked(b.Accounts))
	if a.QRISText != b.QRISText {
		d["qris_text"] = audit.Change{From: merchant(a.QRISText), To: merchant(b.QRISText)}
	}
	put("qris_photo", a.QRISPhoto.String(), b.QRISPhoto.String())
	return d
}

func masked(list []Account) string {
	s := make([]string, len(list))
	for i, a := range list {
		s[i] = a.Masked()
	}
	return strings.Join(s, ", ")
}

func merchant(text string) string {
	if text == "" {
		return ""
	}
	c, err := ParseQRIS(text)
	if err != nil {
		return "?"
	}
	return "****" + text[max(0, len(text)-4):] + " " + c.NMID()[max(0, len(c.NMID())-4):]
}

// MaxUnique bounds what is added to tell transfers apart.
const MaxUnique = 999

// CodeGrace is how long an amount stays taken after its invoice closed.
const CodeGrace = 24 * time.Hour

// TakeCode finds a few rupiah to add to total so that no other open invoice of
// the shop waits for the same amount, and takes that amount for the order.
func (s *Service) TakeCode(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, total int64) (int64, error) {
	used, err := s.q.UsedAmounts(ctx, tx, paymentdb.UsedAmountsParams{BusinessID: sc.Business, Least: total + 1, Most: total + MaxUnique, Now: &tx.Now})
	if err != nil {
		return 0, fmt.Errorf("list amounts: %w", err)
	}
	taken := make(map[int64]bool, len(used))
	for _, a := range used {
		taken[a] = true
	}
	for _, u := range rand.Perm(MaxUnique) {
		code := int64(u) + 1
		if taken[total+code] {
			continue
		}
		n, err := s.q.TakeAmount(ctx, tx, paymentdb.TakeAmountParams{BusinessID: sc.Business, Amount: total + code, OrderID: order, Now: &tx.Now})
		if err != nil {
			return 0, fmt.Errorf("take amount: %w", err)
		}
		if n == 1 {
			return code, nil
		}
	}
	return 0, ErrNoCode.After(time.Hour)
}

// FreeCode lets the order's amount go, after the grace.
func (s *Service) FreeCode(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) error {
	at := tx.Now.Add(CodeGrace)
	if _, err := s.q.FreeAmounts(ctx, tx, paymentdb.FreeAmountsParams{BusinessID: sc.Business, OrderID: order, FreeAt: &at}); err != nil {
		return fmt.Errorf("free amount: %w", err)
	}
	return nil
}

// ByAmount finds the order that waits, or waited last, for exactly that amount; zero if none.
func (s *Service) ByAmount(ctx context.Context, tx *store.Tx, sc authz.Scope, amount int64) (id.ID, error) {
	o, err := s.q.OrderOfAmount(ctx, tx, paymentdb.OrderOfAmountParams{BusinessID: sc.Business, Amount: amount})
	if errors.Is(err, sql.ErrNoRows) {
		return id.ID{}, nil
	}
	if err != nil {
		return id.ID{}, fmt.Errorf("find amount: %w", err)
	}
	return o, nil
}

// account is where money of a method stands.
func (p Payment) account() ledger.Account {
	switch {
	case p.Method == Transfer:
		return ledger.Bank
	case p.Method == QRIS:
		return ledger.QRIS
	case !p.Holder.IsZero():
		return ledger.CourierCash
	}
	return ledger.Cash
}

// Note writes down money received, or given back when the amount is below
// zero, and books it. The same id twice is noted once; fresh says whether it
// was noted now. What is given back beyond what the buyer had paid too much,
// allowed, is booked as the shop's expense.
func (s *Service) Note(ctx context.Context, tx *store.Tx, sc authz.Scope, p Payment, allowed int64) (fresh bool, err error) {
	if p.Amount == 0 || allowed < 0 || p.Amount > 0 && allowed != 0 || allowed > -min(p.Amount, 0) {
		return false, fmt.Errorf("payment: amount %d, allowed %d", p.Amount, allowed)
	}
	account := p.account()
	if account != ledger.CourierCash {
		p.Holder = id.ID{}
	}
	n, err := s.q.InsertPayment(ctx, tx, paymentdb.InsertPaymentParams{
		BusinessID: sc.Business, ID: p.ID, OrderID: p.Order, Method: string(p.Method), Amount: p.Amount, Holder: p.Holder,
		PersonID: sc.Actor.Null(), Note: p.Note, At: tx.Now,
	})
	if err != nil {
		return false, fmt.Errorf("insert payment: %w", err)
	}
	if n == 0 {
		r, err := s.q.Payment(ctx, tx, paymentdb.PaymentParams{BusinessID: sc.Business, ID: p.ID})
		if err != nil {
			return false, fmt.Errorf("read payment: %w", err)
		}
		if r.OrderID != p.Order || r.Amount != p.Amount || r.Method != string(p.Method) {
			return false, ErrOther
		}
		return false, nil
	}
	if s.OnNoted != nil {
		if err := s.OnNoted(ctx, tx, sc, p); err != nil {
			return false, err
		}
	}
	kind := "payment.in"
	if p.Amount < 0 {
		kind = "payment.out"
	}
	return true, s.books.Post(ctx, tx, sc, ledger.Entry{
		Key: "payment/" + p.ID.String(), Kind: kind, Order: p.Order,
		Lines: []ledger.Line{
			{Account: account, Holder: p.Holder, Amount: p.Amount},
			{Account: ledger.Refund, Amount: allowed},
			{Account: ledger.Receivable, Amount: -p.Amount - allowed},
		},
	})
}

// Of lists what was paid for an order and given back, oldest first.
func (s *Service) Of(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID) ([]Payment, error) {
	rows, err := s.q.PaymentsOf(ctx, tx, paymentdb.PaymentsOfParams{BusinessID: sc.Business, OrderID: order})
	if err != nil {
		return nil, fmt.Errorf("list payments: %w", err)
	}
	list := make([]Payment, len(rows))
	for i, r := range rows {
		list[i] = Payment{r.ID, r.OrderID, Method(r.Method), r.Amount, r.Holder, id.Or(r.PersonID), r.Note, r.At}
	}
	return list, nil
}

// Taken sums money by method from since up to, and without, before.
func (s *Service) Taken(ctx context.Context, sc authz.Scope, since, before time.Time) (map[Method]int64, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return nil, err
	}
	sums := map[Method]int64{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(sums)
		rows, err := s.q.TakenBetween(ctx, tx, paymentdb.TakenBetweenParams{BusinessID: sc.Business, Since: since, Before: before})
		if err != nil {
			return fmt.Errorf("sum payments: %w", err)
		}
		for _, r := range rows {
			sums[Method(r.Method)] = r.Amount
		}
		return nil
	})
	return sums, err
}

// Invariants are what must hold of payments at any time.
var Invariants = []store.Invariant{
	{Name: "each payment is booked", SQL: `SELECT business_id, order_id, amount FROM (
		SELECT business_id, order_id, at, amount, 1 AS paid, 0 AS booked FROM payments
		UNION ALL SELECT e.business_id, e.order_id, e.at, l.amount, 0, 1 FROM ledger_entries e JOIN ledger_lines l ON l.business_id = e.business_id AND l.entry_id = e.id
			WHERE e.order_id IS NOT NULL AND l.account IN ('cash', 'bank', 'qris', 'courier_cash', 'elsewhere')) x
		GROUP BY business_id, order_id, at, amount HAVING sum(paid) > 0 AND sum(booked) = 0`},
}
