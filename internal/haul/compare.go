package haul

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/haul/hauldb"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
)

// Compare holds what a shop and a firm say of their parcels against each other.
type Compare struct {
	Shop id.ID `json:"shop"`
	Firm id.ID `json:"firm"`
}

// Kind names the job.
func (Compare) Kind() string { return "haul.compare" }

const (
	lookBack = 45 * 24 * time.Hour // parcels that nothing happened to for longer are not compared
	settles  = 10 * time.Minute    // what changed since may still be on its way
)

// Mark is what one side says of a parcel.
type Mark struct {
	Token   id.ID
	Live    bool
	Status  carrier.Status
	COD     int64
	Taken   int64
	Paid    bool
	Changed time.Time
	day     string
}

// Difference is where the two do not say the same.
type Difference struct {
	Shop, Firm id.ID
	Token      id.ID
	Kind       string // missing, status, cod, taken or paid
	ShopSays   string
	FirmSays   string
	At         time.Time
	Box        // the reader's own parcel, if it has one
}

// everyone is the scope of what belongs to no business.
var everyone = authz.Job(id.ID{})

// Nightly asks for all pairs to be compared, and for the firms' summaries.
func (s *Service) Nightly(ctx context.Context) error {
	return s.db.Tx(ctx, everyone, func(tx *store.Tx) error {
		pairs, err := s.q.Pairs(ctx, tx)
		if err != nil {
			return fmt.Errorf("list pairs: %w", err)
		}
		for _, p := range pairs {
			if err := job.Put(ctx, tx, everyone, Compare{p.ShopID, p.FirmID}, job.Unique(p.ShopID.String()+p.FirmID.String())); err != nil {
				return err
			}
			if err := s.askPublish(ctx, tx, authz.Job(p.FirmID)); err != nil {
				return err
			}
		}
		return nil
	})
}

// marks reads one side's own parcels with the other.
func (s *Service) marks(ctx context.Context, side, other id.ID, firm bool) ([]Mark, error) {
	sc := authz.Job(side)
	var list []Mark
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.LinksWith(ctx, tx, hauldb.LinksWithParams{BusinessID: side, OtherID: other, Since: tx.Now.Add(-lookBack)})
		if err != nil {
			return fmt.Errorf("list links: %w", err)
		}
		for _, r := range rows {
			if r.Firm != firm {
				continue
			}
			l := linkOf(r)
			list = append(list, Mark{l.Token, l.Live, l.Status, l.COD, l.Taken, !l.Payout.IsZero(), l.Changed, l.At.In(i18n.WIB).Format(time.DateOnly)})
		}
		return nil
	})
	return list, err
}

// compare lets each side publish what it says, in a transaction of its own,
// and then compares what was published. What differs is told again to both: a
// message that was lost is mended by that, and is gone the next time.
func (s *Service) compare(ctx context.Context, _ authz.Scope, a Compare) error {
	for _, side := range []struct {
		own, other id.ID
		firm       bool
	}{{a.Shop, a.Firm, false}, {a.Firm, a.Shop, true}} {
		list, err := s.marks(ctx, side.own, side.other, side.firm)
		if err != nil {
			return err
		}
		if err := s.db.Tx(ctx, everyone, func(tx *store.Tx) error { return s.putMarks(ctx, tx, a, side.firm, list) }); err != nil {
			return err
		}
	}
	if err := s.retell(ctx, a); err != nil {
		return err
	}
	return s.db.Tx(ctx, everyone, func(tx *store.Tx) error {
		rows, err := s.q.Marks(ctx, tx, hauldb.MarksParams{ShopID: a.Shop, FirmID: a.Firm})
		if err != nil {
			return fmt.Errorf("list marks: %w", err)
		}
		shop, firm := map[id.ID]Mark{}, map[id.ID]Mark{}
		var tokens []id.ID
		for _, r := range rows {
			m := Mark{r.Token, r.Live, carrier.Status(r.Status), r.Cod, r.Taken, r.Paid, r.ChangedAt, r.Day}
			if r.Firm {
				firm[r.Token] = m
			} else {
				shop[r.Token] = m
			}
			if len(tokens) == 0 || tokens[len(tokens)-1] != r.Token {
				tokens = append(tokens, r.Token)
			}
		}
		if err := s.q.DropDifferences(ctx, tx, hauldb.DropDifferencesParams{ShopID: a.Shop, FirmID: a.Firm}); err != nil {
			return fmt.Errorf("drop differences: %w", err)
		}
		for _, token := range tokens {
			found := differ(shop, firm, token, tx.Now)
			for _, d := range found {
				if err := s.q.InsertDifference(ctx, tx, hauldb.InsertDifferenceParams{
					ShopID: a.Shop, FirmID: a.Firm, Token: token, Kind: d.Kind, ShopSays: d.ShopSays, FirmSays: d.FirmSays, FoundAt: tx.Now,
				}); err != nil {
					return fmt.Errorf("insert difference: %w", err)
				}
			}
			if len(found) == 0 {
				continue
			}
			if err := errors.Join(askGive(ctx, tx, a.Shop, a.Firm, token), askTell(ctx, tx, a.Firm, a.Shop, token)); err != nil {
				return err
			}
		}
		if err := s.q.ComparedPair(ctx, tx, hauldb.ComparedPairParams{ShopID: a.Shop, FirmID: a.Firm, ComparedAt: &tx.Now, Compared: int64(len(tokens))}); err != nil {
			return fmt.Errorf("note comparison: %w", err)
		}
		return nil
	})
}

func (s *Service) putMarks(ctx context.Context, tx *store.Tx, a Compare, firm bool, list []Mark) error {
	if err := s.q.DropMarks(ctx, tx, hauldb.DropMarksParams{ShopID: a.Shop, FirmID: a.Firm, Firm: firm}); err != nil {
		return fmt.Errorf("drop marks: %w", err)
	}
	rows := make([][]any, len(list))
	for i, m := range list {
		rows[i] = []any{a.Shop, a.Firm, m.Token, firm, m.day, m.Live, string(m.Status), m.COD, m.Taken, m.Paid, m.Changed}
	}
	return tx.Add(ctx, "haul_marks", []string{"shop_id", "firm_id", "token", "firm", "day", "live", "status", "cod", "taken", "paid", "changed_at"}, rows)
}

// retell sends again what of pick-ups and payouts may have been lost.
func (s *Service) retell(ctx context.Context, a Compare) error {
	for _, side := range []struct{ own, other id.ID }{{a.Shop, a.Firm}, {a.Firm, a.Shop}} {
		sc := authz.Job(side.own)
		if err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			rows, err := s.q.RecentPickups(ctx, tx, hauldb.RecentPickupsParams{BusinessID: side.own, OtherID: side.other, Since: tx.Now.Add(-72 * time.Hour)})
			if err != nil {
				return fmt.Errorf("list pick-ups: %w", err)
			}
			for _, r := range rows {
				if err := askFetch(ctx, tx, side.own, side.other, r.ID); err != nil {
					return err
				}
			}
			if side.own != a.Firm {
				return nil
			}
			paid, err := s.q.Payouts(ctx, tx, hauldb.PayoutsParams{BusinessID: side.own, OtherID: side.other})
			if err != nil {
				return fmt.Errorf("list payouts: %w", err)
			}
			for _, r := range paid {
				if r.Firm && r.CreatedAt.After(tx.Now.Add(-lookBack)) {
					if err := askSettled(ctx, tx, a.Firm, a.Shop, r.ID); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// back are the states of a parcel at the firm that its shop took away.
var back = []carrier.Status{carrier.Cancelled, carrier.Returning, carrier.Returned, carrier.Lost, carrier.Damaged, carrier.Disposed}

// differ names what the two sides do not say alike of a parcel. What changed
// a moment ago may still be on its way, and is looked at the next time.
func differ(shop, firm map[id.ID]Mark, token id.ID, now time.Time) []Difference {
	a, here := shop[token]
	b, there := firm[token]
	if here && now.Sub(a.Changed) < settles || there && now.Sub(b.Changed) < settles {
		return nil
	}
	var list []Difference
	add := func(kind, shopSays, firmSays string) {
		list = append(list, Difference{Token: token, Kind: kind, ShopSays: shopSays, FirmSays: firmSays})
	}
	switch {
	case !here:
		add("missing", "", string(b.Status))
		return list
	case !there && !a.Live:
		return nil // it came and went before the firm was told
	case !there:
		add("missing", string(a.Status), "")
		return list
	}
	alike := a.Status == b.Status || before(a.Status) && before(b.Status)
	if !a.Live {
		alike = slices.Contains(back, b.Status)
	}
	if !alike {
		add("status", string(a.Status), string(b.Status))
	}
	sum := func(n int64) string { return strconv.FormatInt(n, 10) }
	if a.Live && a.COD != b.COD {
		add("cod", sum(a.COD), sum(b.COD))
	}
	if a.Live && a.Taken != b.Taken {
		add("taken", sum(a.Taken), sum(b.Taken))
	}
	if a.Paid != b.Paid {
		add("paid", strconv.FormatBool(a.Paid), strconv.FormatBool(b.Paid))
	}
	return list
}

// Differences lists what was found for the scope's business.
func (s *Service) Differences(ctx context.Context, sc authz.Scope) ([]Difference, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return nil, err
	}
	var list []Difference
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.DifferencesOfShop(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("list differences: %w", err)
		}
		more, err := s.q.DifferencesOfFirm(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("list differences: %w", err)
		}
		var items []Item
		for _, r := range append(rows, more...) {
			list = append(list, Difference{Shop: r.ShopID, Firm: r.FirmID, Token: r.Token, Kind: r.Kind, ShopSays: r.ShopSays, FirmSays: r.FirmSays, At: r.FoundAt})
			items = append(items, Item{Token: r.Token})
		}
		boxes, err := s.boxes(ctx, tx, sc, items)
		for i := range boxes {
			list[i].Box = boxes[i]
		}
		return err
	})
	return list, err
}

// Day is what both sides say of the parcels of a day.
type Day struct {
	Day        string
	ShopN      int64
	FirmN      int64
	ShopTaken  int64
	FirmTaken  int64
	ShopStates map[carrier.Status]int64
	FirmStates map[carrier.Status]int64
}

// Compared is when a shop and a firm were compared last, and what both said.
type Compared struct {
	At   *time.Time
	N    int64
	Days []Day
}

// Compared tells what the last comparison of the scope's business with another
// looked at.
func (s *Service) Compared(ctx context.Context, sc authz.Scope, other id.ID) (Compared, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return Compared{}, err
	}
	var c Compared
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		c = Compared{}
		t, err := s.getTie(ctx, tx, sc, other)
		if err != nil {
			return err
		}
		shop, firm := sc.Business, other
		if t.Firm {
			shop, firm = other, sc.Business
		}
		r, err := s.q.Pair(ctx, tx, hauldb.PairParams{ShopID: shop, FirmID: firm})
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read pair: %w", err)
		}
		c.At, c.N = r.ComparedAt, r.Compared
		rows, err := s.q.Days(ctx, tx, hauldb.DaysParams{ShopID: shop, FirmID: firm})
		if err != nil {
			return fmt.Errorf("sum marks: %w", err)
		}
		for _, v := range rows {
			if n := len(c.Days); n == 0 || c.Days[n-1].Day != v.Day {
				c.Days = append(c.Days, Day{Day: v.Day, ShopStates: map[carrier.Status]int64{}, FirmStates: map[carrier.Status]int64{}})
			}
			d := &c.Days[len(c.Days)-1]
			if v.Firm {
				d.FirmN, d.FirmTaken = d.FirmN+v.N, d.FirmTaken+v.Taken
				d.FirmStates[carrier.Status(v.Status)] += v.N
			} else {
				d.ShopN, d.ShopTaken = d.ShopN+v.N, d.ShopTaken+v.Taken
				d.ShopStates[carrier.Status(v.Status)] += v.N
			}
		}
		return nil
	})
	return c, err
}
