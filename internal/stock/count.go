package stock

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/stock/stockdb"
	"lapak/internal/store"
)

// CountState is where a count stands.
type CountState string

// A count is counting until it is finished; with large differences found by
// staff it is waiting for the owner's yes.
const (
	Counting CountState = "counting"
	Waiting  CountState = "waiting"
	Done     CountState = "done"
	Dropped  CountState = "dropped"
)

// ApproveAbove is how many pieces a count may differ by in all, more and less
// added up, before it needs the owner's yes.
const ApproveAbove = 10

// Count is a count of one shelf, or of everything.
type Count struct {
	ID        id.ID
	Shelf     string // empty: everything
	State     CountState
	Person    id.ID
	Approved  id.ID
	StartedAt time.Time
	EndedAt   *time.Time
	Lines     []CountLine
}

// CountLine is one variant to count. What the book says is not told while the
// count goes on: people find what they look for.
type CountLine struct {
	Variant  id.ID
	Title    string
	Name     string
	Unit     string
	Shelf    string
	Counted  *int64 // nil: not yet
	Expected int64  // zero while counting
}

// Difference is what was counted less what the book said.
func (l CountLine) Difference() int64 {
	if l.Counted == nil {
		return 0
	}
	return *l.Counted - l.Expected
}

// Full is the title with the variant's name.
func (l CountLine) Full() string { return Item{Title: l.Title, Name: l.Name}.Full() }

// Next is the first line that is not counted yet, or nil.
func (c Count) Next() *CountLine {
	for i := range c.Lines {
		if c.Lines[i].Counted == nil {
			return &c.Lines[i]
		}
	}
	return nil
}

// Progress is how many lines are counted, and of how many.
func (c Count) Progress() (done, of int) {
	for _, l := range c.Lines {
		if l.Counted != nil {
			done++
		}
	}
	return done, len(c.Lines)
}

// Differences are the counted lines that differ from the book.
func (c Count) Differences() []CountLine {
	var list []CountLine
	for _, l := range c.Lines {
		if l.Difference() != 0 {
			list = append(list, l)
		}
	}
	return list
}

// Shelves lists the shelves that products name, in order; "" is among them if
// some product names none.
func (s *Service) Shelves(ctx context.Context, sc authz.Scope) ([]string, error) {
	if err := sc.Can(authz.SeeStock); err != nil {
		return nil, err
	}
	var list []string
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		labels, err := s.goods.Counted(ctx, tx, sc)
		if err != nil {
			return err
		}
		for _, l := range labels {
			if !slices.Contains(list, l.Shelf) {
				list = append(list, l.Shelf)
			}
		}
		slices.Sort(list)
		return nil
	})
	return list, err
}

// StartCount begins a count of a shelf, or of everything when shelf is empty.
// The id is made with the form.
func (s *Service) StartCount(ctx context.Context, sc authz.Scope, count id.ID, shelf string) error {
	if err := sc.Can(authz.MoveStock); err != nil {
		return err
	}
	shelf = catalog.Clean(shelf)
	var f fault.Fields
	f.Check(!count.IsZero(), "id", "form.stale")
	f.Check(utf8.RuneCountInString(shelf) <= catalog.MaxShelf, "shelf", "form.too_long", catalog.MaxShelf)
	if err := f.Err(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		err := s.q.InsertCount(ctx, tx, stockdb.InsertCountParams{
			BusinessID: sc.Business, ID: count, Shelf: shelf, PersonID: sc.Actor, StartedAt: tx.Now,
		})
		if err != nil {
			return fmt.Errorf("insert count: %w", err)
		}
		return audit.Note(ctx, tx, sc, "count.started", count)
	})
}

// CountOne notes what was counted of a variant, and what the book says at
// that moment. Counted again, the newer number stands.
func (s *Service) CountOne(ctx context.Context, sc authz.Scope, count, variant id.ID, counted int64) error {
	if err := sc.Can(authz.MoveStock); err != nil {
		return err
	}
	var f fault.Fields
	f.Check(counted >= 0 && counted <= MaxQuantity, "counted", "form.between", 0, MaxQuantity)
	if err := f.Err(); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		c, err := s.count(ctx, tx, sc, count)
		if err != nil {
			return err
		}
		if c.State != Counting {
			return ErrMoved
		}
		if !slices.ContainsFunc(c.Lines, func(l CountLine) bool { return l.Variant == variant }) {
			return ErrNotFound
		}
		l, err := s.level(ctx, tx, sc, variant)
		if err != nil {
			return err
		}
		err = s.q.PutLine(ctx, tx, stockdb.PutLineParams{
			BusinessID: sc.Business, CountID: count, VariantID: variant, Counted: counted, Expected: l.OnHand, At: tx.Now,
		})
		return wrap("put line", err)
	})
}

// FinishCount ends the counting. What differs is booked, unless it is more
// than ApproveAbove and the person may not approve: then it waits.
func (s *Service) FinishCount(ctx context.Context, sc authz.Scope, count id.ID) (CountState, error) {
	if err := sc.Can(authz.MoveStock); err != nil {
		return "", err
	}
	var state CountState
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		c, err := s.count(ctx, tx, sc, count)
		if err != nil {
			return err
		}
		if state = c.State; state != Counting { // pressed twice
			return nil
		}
		lines, err := s.lines(ctx, tx, sc, count)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return ErrUncounted
		}
		var pieces int64
		for _, l := range lines {
			pieces += max(l.Difference(), -l.Difference())
		}
		if pieces > ApproveAbove && !sc.May(authz.ApproveCount) {
			state = Waiting
			return s.endCount(ctx, tx, sc, count, Counting, Waiting, "count.waiting")
		}
		state = Done
		return s.settle(ctx, tx, sc, count, Counting, lines)
	})
	return state, err
}

// ApproveCount books a count that waits for the owner's yes.
func (s *Service) ApproveCount(ctx context.Context, sc authz.Scope, count id.ID) error {
	if err := sc.Can(authz.ApproveCount); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		c, err := s.count(ctx, tx, sc, count)
		if err != nil || c.State == Done {
			return err
		}
		if c.State != Waiting {
			return ErrMoved
		}
		lines, err := s.lines(ctx, tx, sc, count)
		if err != nil {
			return err
		}
		return s.settle(ctx, tx, sc, count, Waiting, lines)
	})
}

// DropCount ends a count without booking anything.
func (s *Service) DropCount(ctx context.Context, sc authz.Scope, count id.ID) error {
	if err := sc.Can(authz.MoveStock); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		c, err := s.count(ctx, tx, sc, count)
		if err != nil || c.State == Dropped {
			return err
		}
		if c.State == Done {
			return ErrMoved
		}
		if c.State == Waiting {
			if err := sc.Can(authz.ApproveCount); err != nil {
				return err
			}
		}
		return s.endCount(ctx, tx, sc, count, c.State, Dropped, "count.dropped")
	})
}

func (s *Service) endCount(ctx context.Context, tx *store.Tx, sc authz.Scope, count id.ID, was, to CountState, verb string) error {
	q := stockdb.EndCountParams{BusinessID: sc.Business, ID: count, State: string(to), Was: string(was)}
	if to != Waiting {
		q.EndedAt = &tx.Now
	}
	if to == Done && sc.May(authz.ApproveCount) {
		q.ApprovedBy = sc.Actor.Null()
	}
	n, err := s.q.EndCount(ctx, tx, q)
	if err != nil {
		return fmt.Errorf("end count: %w", err)
	}
	if n == 0 {
		return ErrMoved
	}
	return audit.Note(ctx, tx, sc, verb, count)
}

// settle ends the count first, so that of two people only one books it.
func (s *Service) settle(ctx context.Context, tx *store.Tx, sc authz.Scope, count id.ID, was CountState, lines []CountLine) error {
	if err := s.endCount(ctx, tx, sc, count, was, Done, "count.booked"); err != nil {
		return err
	}
	for _, l := range lines {
		d := l.Difference()
		if d == 0 {
			continue
		}
		there, err := s.lock(ctx, tx, sc, l.Variant)
		if err != nil {
			return err
		}
		if d = max(d, -there); d == 0 { // the missing ones were sold, it says meanwhile
			continue
		}
		err = s.add(ctx, tx, sc, Move{ID: derived(count, l.Variant), Variant: l.Variant, Reason: Counted, Quantity: d})
		if err != nil {
			return err
		}
	}
	return nil
}

// lines are what was counted, in the order of locking, with what was expected.
func (s *Service) lines(ctx context.Context, tx *store.Tx, sc authz.Scope, count id.ID) ([]CountLine, error) {
	rows, err := s.q.Lines(ctx, tx, stockdb.LinesParams{BusinessID: sc.Business, CountID: count})
	if err != nil {
		return nil, fmt.Errorf("list lines: %w", err)
	}
	list := make([]CountLine, len(rows))
	for i, r := range rows {
		list[i] = CountLine{Variant: r.VariantID, Counted: &rows[i].Counted, Expected: r.Expected}
	}
	slices.SortFunc(list, func(a, b CountLine) int { return slices.Compare(a.Variant[:], b.Variant[:]) })
	return list, nil
}

// Count returns a count with its lines.
func (s *Service) Count(ctx context.Context, sc authz.Scope, count id.ID) (Count, error) {
	if err := sc.Can(authz.SeeStock); err != nil {
		return Count{}, err
	}
	var c Count
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		c, err = s.count(ctx, tx, sc, count)
		return err
	})
	return c, err
}

func (s *Service) count(ctx context.Context, tx *store.Tx, sc authz.Scope, count id.ID) (Count, error) {
	r, err := s.q.Count(ctx, tx, stockdb.CountParams{BusinessID: sc.Business, ID: count})
	if errors.Is(err, sql.ErrNoRows) {
		return Count{}, ErrNotFound
	}
	if err != nil {
		return Count{}, fmt.Errorf("read count: %w", err)
	}
	c := header(stockdb.CountsRow(r))
	lines, err := s.lines(ctx, tx, sc, count)
	if err != nil {
		return Count{}, err
	}
	have := map[id.ID]CountLine{}
	for _, l := range lines {
		if c.State == Counting {
			l.Expected = 0
		}
		have[l.Variant] = l
	}
	labels, err := s.goods.Counted(ctx, tx, sc)
	if err != nil {
		return Count{}, err
	}
	for _, l := range labels {
		line, counted := have[l.Variant]
		if !counted && (c.State != Counting || c.Shelf != "" && l.Shelf != c.Shelf) {
			continue
		}
		line.Variant, line.Title, line.Name, line.Unit, line.Shelf = l.Variant, l.Title, l.Name, l.Unit, l.Shelf
		c.Lines = append(c.Lines, line)
	}
	slices.SortStableFunc(c.Lines, func(a, b CountLine) int { return slices.Compare([]string{a.Shelf}, []string{b.Shelf}) })
	return c, nil
}

// Counts returns the latest counts, newest first, without their lines.
func (s *Service) Counts(ctx context.Context, sc authz.Scope) ([]Count, error) {
	if err := sc.Can(authz.SeeStock); err != nil {
		return nil, err
	}
	var list []Count
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.Counts(ctx, tx, stockdb.CountsParams{BusinessID: sc.Business, Max: 20})
		if err != nil {
			return fmt.Errorf("list counts: %w", err)
		}
		for _, r := range rows {
			list = append(list, header(r))
		}
		return nil
	})
	return list, err
}

func header(r stockdb.CountsRow) Count {
	return Count{
		ID: r.ID, Shelf: r.Shelf, State: CountState(r.State), Person: r.PersonID, Approved: id.Or(r.ApprovedBy),
		StartedAt: r.StartedAt, EndedAt: r.EndedAt,
	}
}
