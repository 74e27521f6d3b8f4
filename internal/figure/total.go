package figure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/figure/figuredb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/parcel"
	"lapak/internal/region"
	"lapak/internal/store"
)

// settle is how long a day waits to be counted, so that many deliveries are
// counted at once.
const settle = time.Minute

// dayJob counts a business's day anew.
type dayJob struct {
	Day string `json:"day"`
}

// Kind names the job.
func (dayJob) Kind() string { return "figure.day" }

// againJob counts all days of a business anew.
type againJob struct{}

// Kind names the job.
func (againJob) Kind() string { return "figure.again" }

// Register gives the runner the jobs of this package.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, func(ctx context.Context, sc authz.Scope, j dayJob) error { return s.Count(ctx, sc, j.Day) })
	job.Handle(r, func(ctx context.Context, sc authz.Scope, _ againJob) error { return s.countAll(ctx, sc) })
}

// Note asks for the day on which a parcel was delivered to be counted, after
// anything that happened to it. What is no longer delivered keeps that day, so
// that it is taken out of it.
func (s *Service) Note(ctx context.Context, tx *store.Tx, sc authz.Scope, p parcel.Parcel) error {
	if p.DoneAt == nil {
		return nil
	}
	shop, err := s.shops.Kept(ctx, tx, sc)
	if err != nil {
		return err
	}
	return s.ask(ctx, tx, sc, p.DoneAt.In(shop.Location()).Format(time.DateOnly))
}

func (s *Service) ask(ctx context.Context, tx *store.Tx, sc authz.Scope, day string) error {
	return job.Put(ctx, tx, authz.Job(sc.Business), dayJob{day}, job.At(tx.Now.Add(settle)), job.Unique("figure.day:"+day))
}

// Again asks for all days of a business to be counted, for one that was
// brought in from elsewhere.
func (s *Service) Again(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	return job.Put(ctx, tx, authz.Job(sc.Business), againJob{}, job.Unique("figure.again"))
}

func (s *Service) countAll(ctx context.Context, sc authz.Scope) error {
	shop, err := s.shops.Get(ctx, sc)
	if err != nil {
		return err
	}
	after := time.Unix(0, 0).UTC()
	for {
		var days []string
		at := after
		if err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			days, after = nil, at
			for len(days) < 100 {
				list, err := s.q.Days(ctx, tx, figuredb.DaysParams{BusinessID: sc.Business, After: &after})
				if err != nil {
					return fmt.Errorf("find a day: %w", err)
				}
				if len(list) == 0 {
					break
				}
				day := list[0].In(shop.Location())
				days = append(days, day.Format(time.DateOnly))
				after = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, day.Location()).UTC().Add(-time.Microsecond)
				if err := s.ask(ctx, tx, sc, days[len(days)-1]); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if len(days) < 100 {
			return nil
		}
	}
}

// cell is where a business's day is counted, and what it adds there.
type cell struct {
	regency, trade string
	shops          int64
	delivered      int64
	cod            int64
	promised       int64
	onTime         int64
}

func (c cell) minus() cell {
	c.shops, c.delivered, c.cod, c.promised, c.onTime = -c.shops, -c.delivered, -c.cod, -c.promised, -c.onTime
	return c
}

// Count counts a business's day anew and mends the totals by what changed. It
// may run any number of times, and after any event, however late.
func (s *Service) Count(ctx context.Context, sc authz.Scope, day string) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		shop, err := s.shops.GetTx(ctx, tx, sc)
		if errors.Is(err, business.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		begin, err := time.ParseInLocation(time.DateOnly, day, shop.Location())
		if err != nil {
			return fmt.Errorf("read day: %w", err)
		}
		// The row is locked first: who counts at the same moment waits, and then
		// finds what this one wrote.
		old, err := s.q.Claim(ctx, tx, figuredb.ClaimParams{BusinessID: sc.Business, Day: day})
		if err != nil {
			return fmt.Errorf("claim day: %w", err)
		}
		since, until := begin.UTC(), begin.AddDate(0, 0, 1).UTC()
		n, err := s.q.Count(ctx, tx, figuredb.CountParams{BusinessID: sc.Business, Since: &since, Until: &until})
		if err != nil {
			return fmt.Errorf("count day: %w", err)
		}
		was := cell{old.Regency, old.Trade, min(1, old.Delivered), old.Delivered, old.Cod, old.Promised, old.OnTime}
		now := cell{region.Up(shop.Village, region.Regency), shop.Trade, min(1, n.Delivered), n.Delivered, n.Cod, n.Promised, n.OnTime}
		if err := s.keep(ctx, tx, sc, day, now); err != nil {
			return err
		}
		if was == now {
			return nil
		}
		changes := []cell{was.minus(), now}
		slices.SortFunc(changes, func(a, b cell) int { // cells are locked in one order
			return slices.Compare([]string{a.regency, a.trade}, []string{b.regency, b.trade})
		})
		for _, c := range changes {
			if err := s.add(ctx, tx, day, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// keep writes what the business's day adds to the totals.
func (s *Service) keep(ctx context.Context, tx *store.Tx, sc authz.Scope, day string, c cell) error {
	if c.delivered == 0 {
		if err := s.q.DropDay(ctx, tx, figuredb.DropDayParams{BusinessID: sc.Business, Day: day}); err != nil {
			return fmt.Errorf("drop day: %w", err)
		}
		return nil
	}
	if err := s.q.PutDay(ctx, tx, figuredb.PutDayParams{
		BusinessID: sc.Business, Day: day, Regency: c.regency, Trade: c.trade, Delivered: c.delivered, Cod: c.cod, Promised: c.promised, OnTime: c.onTime,
	}); err != nil {
		return fmt.Errorf("put day: %w", err)
	}
	return nil
}

func (s *Service) add(ctx context.Context, tx *store.Tx, day string, c cell) error {
	if c.shops == 0 {
		return nil
	}
	if err := s.q.AddTotal(ctx, tx, figuredb.AddTotalParams{
		Day: day, Regency: c.regency, Trade: c.trade, Shops: c.shops, Delivered: c.delivered, Cod: c.cod, Promised: c.promised, OnTime: c.onTime,
	}); err != nil {
		return fmt.Errorf("add to totals: %w", err)
	}
	if err := s.q.DropEmpty(ctx, tx, figuredb.DropEmptyParams{Day: day, Regency: c.regency, Trade: c.trade}); err != nil {
		return fmt.Errorf("drop empty total: %w", err)
	}
	return nil
}

// Total is a cell of the totals. Whoever shows it must leave out those of too
// few shops.
type Total struct {
	Day       string
	Regency   string
	Trade     string
	Shops     int64
	Delivered int64
	COD       int64
	Promised  int64
	OnTime    int64
}

// Totals lists the cells of some days, both included. It is for our own
// readers; what an office is shown of it is theirs to decide.
func (s *Service) Totals(ctx context.Context, since, until string) ([]Total, error) {
	var list []Total
	err := s.db.View(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.Totals(ctx, tx, figuredb.TotalsParams{Since: since, Until: until})
		if err != nil {
			return fmt.Errorf("list totals: %w", err)
		}
		for _, r := range rows {
			list = append(list, Total{r.Day, r.Regency, r.Trade, r.Shops, r.Delivered, r.Cod, r.Promised, r.OnTime})
		}
		return nil
	})
	return list, err
}
