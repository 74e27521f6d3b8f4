package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/ledger/ledgerdb"
	"lapak/internal/store"
)

var (
	errNoKey      = errors.New("ledger: entry without key or kind")
	errAccount    = errors.New("ledger: unknown account")
	errUnbalanced = errors.New("ledger: lines do not sum to zero")
)

// Service books and tells what stands where.
type Service struct {
	db *store.DB
	q  ledgerdb.Queries
}

// New makes the service.
func New(db *store.DB) *Service { return &Service{db: db} }

// Post books e in the caller's transaction. A key that is booked already with
// the same lines is left as it is; with other lines it is ErrOther.
func (s *Service) Post(ctx context.Context, tx *store.Tx, sc authz.Scope, e Entry) error {
	lines, err := e.check()
	if err != nil {
		return fmt.Errorf("book %s: %w", e.Kind, err)
	}
	if len(lines) == 0 {
		return nil
	}
	entry := id.At(tx.Now)
	n, err := s.q.InsertEntry(ctx, tx, ledgerdb.InsertEntryParams{
		BusinessID: sc.Business, ID: entry, Key: e.Key, Kind: e.Kind, OrderID: e.Order.Null(), PersonID: sc.Actor.Null(), At: tx.Now,
	})
	if err != nil {
		return fmt.Errorf("insert entry: %w", err)
	}
	if n == 0 {
		return s.same(ctx, tx, sc, e, lines)
	}
	for i, l := range lines {
		if err := s.q.InsertLine(ctx, tx, ledgerdb.InsertLineParams{
			BusinessID: sc.Business, EntryID: entry, N: int64(i), Account: string(l.Account), Holder: l.Holder, Amount: l.Amount,
		}); err != nil {
			return fmt.Errorf("insert line %d: %w", i, err)
		}
		if err := s.q.AddBalance(ctx, tx, ledgerdb.AddBalanceParams{
			BusinessID: sc.Business, Account: string(l.Account), Holder: l.Holder, Amount: l.Amount,
		}); err != nil {
			return fmt.Errorf("add to balance: %w", err)
		}
	}
	return nil
}

func (s *Service) same(ctx context.Context, tx *store.Tx, sc authz.Scope, e Entry, lines []Line) error {
	rows, err := s.q.EntryByKey(ctx, tx, ledgerdb.EntryByKeyParams{BusinessID: sc.Business, Key: e.Key})
	if err != nil {
		return fmt.Errorf("read entry: %w", err)
	}
	if len(rows) != len(lines) {
		return ErrOther
	}
	for i, r := range rows {
		if r.Account != string(lines[i].Account) || r.Holder != lines[i].Holder || r.Amount != lines[i].Amount || id.Or(r.OrderID) != e.Order {
			return ErrOther
		}
	}
	return nil
}

// Balances tells what stands on each account, by holder; those at zero are left out.
func (s *Service) Balances(ctx context.Context, tx *store.Tx, sc authz.Scope) ([]Balance, error) {
	rows, err := s.q.Balances(ctx, tx, sc.Business)
	if err != nil {
		return nil, fmt.Errorf("read balances: %w", err)
	}
	list := make([]Balance, len(rows))
	for i, r := range rows {
		list[i] = Balance{Account(r.Account), r.Holder, r.Amount}
	}
	return list, nil
}

// Balance tells what stands on one account with one holder.
func (s *Service) Balance(ctx context.Context, tx *store.Tx, sc authz.Scope, a Account, holder id.ID) (int64, error) {
	n, err := s.q.Balance(ctx, tx, ledgerdb.BalanceParams{BusinessID: sc.Business, Account: string(a), Holder: holder})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read balance: %w", err)
	}
	return n, nil
}

// Of tells what an order put on an account.
func (s *Service) Of(ctx context.Context, tx *store.Tx, sc authz.Scope, order id.ID, a Account) (int64, error) {
	n, err := s.q.OrderSum(ctx, tx, ledgerdb.OrderSumParams{BusinessID: sc.Business, OrderID: order.Null(), Account: string(a)})
	if err != nil {
		return 0, fmt.Errorf("sum order: %w", err)
	}
	return n, nil
}

// Between tells what was booked to each account from since up to, and without, before.
func (s *Service) Between(ctx context.Context, sc authz.Scope, since, before time.Time) (map[Account]int64, error) {
	if err := sc.Can(authz.SeeMoney); err != nil {
		return nil, err
	}
	sums := map[Account]int64{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(sums)
		rows, err := s.q.Between(ctx, tx, ledgerdb.BetweenParams{BusinessID: sc.Business, Since: since, Before: before})
		if err != nil {
			return fmt.Errorf("sum accounts: %w", err)
		}
		for _, r := range rows {
			sums[Account(r.Account)] = r.Amount
		}
		return nil
	})
	return sums, err
}

// Invariants are what must hold of the ledger at any time.
var Invariants = []store.Invariant{
	{Name: "ledger entries sum to zero", SQL: `SELECT business_id, entry_id FROM ledger_lines GROUP BY business_id, entry_id HAVING sum(amount) <> 0`},
	{Name: "ledger entries have lines", SQL: `SELECT e.business_id, e.id FROM ledger_entries e
		WHERE NOT EXISTS (SELECT 1 FROM ledger_lines l WHERE l.business_id = e.business_id AND l.entry_id = e.id)`},
	{Name: "ledger balances are the sums of lines", SQL: `SELECT business_id, account, holder FROM (
		SELECT business_id, account, holder, amount FROM ledger_lines
		UNION ALL SELECT business_id, account, holder, -amount FROM ledger_balances) x
		GROUP BY business_id, account, holder HAVING sum(amount) <> 0`},
}

// Booked is the lines of the entry with the key, none if there is no such entry.
func (s *Service) Booked(ctx context.Context, tx *store.Tx, sc authz.Scope, key string) ([]Line, error) {
	rows, err := s.q.EntryByKey(ctx, tx, ledgerdb.EntryByKeyParams{BusinessID: sc.Business, Key: key})
	if err != nil {
		return nil, fmt.Errorf("read entry: %w", err)
	}
	var list []Line
	for _, r := range rows {
		list = append(list, Line{Account: Account(r.Account), Holder: r.Holder, Amount: r.Amount})
	}
	return list, nil
}

// Has reports whether a key is booked.
func (s *Service) Has(ctx context.Context, tx *store.Tx, sc authz.Scope, key string) (bool, error) {
	n, err := s.q.HasKey(ctx, tx, ledgerdb.HasKeyParams{BusinessID: sc.Business, Key: key})
	if err != nil {
		return false, fmt.Errorf("read key: %w", err)
	}
	return n > 0, nil
}

// Held is Balance for who is going to take from it: nobody else takes before
// the transaction ends.
func (s *Service) Held(ctx context.Context, tx *store.Tx, sc authz.Scope, a Account, holder id.ID) (int64, error) {
	n, err := s.q.LockBalance(ctx, tx, ledgerdb.LockBalanceParams{BusinessID: sc.Business, Account: string(a), Holder: holder})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("lock balance: %w", err)
	}
	return n, nil
}
