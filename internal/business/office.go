package business

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/business/businessdb"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/store"
)

// Faults of the office's work.
var (
	ErrHiddenAlready = fault.New(fault.Conflict, "business.hidden_already")
	ErrShownAlready  = fault.New(fault.Conflict, "business.shown_already")
	ErrAppealed      = fault.New(fault.Conflict, "business.appealed_already")
	ErrDecided       = fault.New(fault.Conflict, "business.decided_already")
)

// Entry is what the office knows of a business: public facts and standing,
// nothing of its customers, orders or money, nor of its owner's person.
type Entry struct {
	ID                   id.ID
	Slug, Name           string
	Trade                string
	KBLI, KBLIEdition    string
	NIB, Halal, PIRT     string
	Village              string
	SoldBefore           SoldBefore
	State                State
	HiddenReason         string
	HiddenAt             *time.Time
	CreatedAt, UpdatedAt time.Time
	PublishedAt          *time.Time
}

// Place is the entry's village with what lies above it.
func (e Entry) Place() region.Place {
	p, _ := region.Get(e.Village)
	return p
}

// Filter says which entries to list. The zero Filter lists all of the
// officer's regions.
type Filter struct {
	Region     string // a province, regency or district within the officer's regions
	Trade      string
	State      State
	SoldBefore SoldBefore
	Hidden     bool
	Words      string
	Before     Mark
}

// Mark is where a page of a list ended; the next one goes on after it.
type Mark struct {
	At time.Time
	ID id.ID
}

// IsZero reports whether m is the start of the list.
func (m Mark) IsZero() bool { return m.At.IsZero() }

// String writes a mark for an address.
func (m Mark) String() string {
	if m.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%s", m.At.UnixMicro(), m.ID)
}

// ParseMark reads what String wrote; anything else is the start.
func ParseMark(s string) Mark {
	a, b, _ := strings.Cut(s, ".")
	var us int64
	if _, err := fmt.Sscanf(a, "%d", &us); err != nil {
		return Mark{}
	}
	v, err := id.Parse(b)
	if err != nil {
		return Mark{}
	}
	return Mark{time.UnixMicro(us).UTC(), v}
}

// PageSize is how many entries a page of the registry has.
const PageSize = 50

// Registry lists businesses of the officer's regions, the newest first, and the
// mark of the next page if there is one.
func (s *Service) Registry(ctx context.Context, sc authz.Scope, f Filter) ([]Entry, Mark, error) {
	if err := sc.Can(authz.SeeRegistry); err != nil {
		return nil, Mark{}, err
	}
	regions := outermost(sc.Regions)
	if f.Region != "" {
		if !sc.Covers(f.Region) {
			return nil, Mark{}, nil
		}
		regions = []string{f.Region}
	}
	var all []Entry
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		all = nil
		for _, code := range regions {
			rows, err := s.q.Entries(ctx, tx, entriesParams(f, code, tx.Now))
			if err != nil {
				return fmt.Errorf("list registry: %w", err)
			}
			for _, r := range rows {
				all = append(all, entryOf(r))
			}
		}
		return nil
	})
	if err != nil {
		return nil, Mark{}, err
	}
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID.String(), a.ID.String()))
	})
	var next Mark
	if len(all) > PageSize {
		all = all[:PageSize]
		next = Mark{all[PageSize-1].CreatedAt, all[PageSize-1].ID}
	}
	return all, next, nil
}

// outermost drops regions that lie in another of the list, so that none is read twice.
func outermost(codes []string) []string {
	var out []string
	for _, c := range codes {
		inner := slices.ContainsFunc(codes, func(o string) bool { return o != c && strings.HasPrefix(c, o+".") })
		if !inner && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

func entriesParams(f Filter, code string, now time.Time) businessdb.EntriesParams {
	a := businessdb.EntriesParams{HiddenOnly: f.Hidden, Max: PageSize + 1, BeforeAt: now.Add(time.Hour), BeforeID: id.ID{0xff}}
	switch len(code) {
	case 2:
		a.Province = &code
	case 5:
		a.Regency = &code
	default:
		a.District = &code
	}
	for _, p := range []struct {
		v   string
		dst **string
	}{{f.Trade, &a.Trade}, {string(f.State), &a.State}, {string(f.SoldBefore), &a.SoldBefore}} {
		if p.v != "" {
			*p.dst = &p.v
		}
	}
	if w := strings.ReplaceAll(fold(f.Words, 60), "-", " "); w != "" {
		like := "% " + w + "%"
		a.Like = &like
	}
	if !f.Before.IsZero() {
		a.BeforeAt, a.BeforeID = f.Before.At, f.Before.ID
	}
	return a
}

func entryOf(r businessdb.Registry) Entry {
	return Entry{
		ID: r.BusinessID, Slug: r.Slug, Name: r.Name, Trade: r.Trade, KBLI: r.Kbli, KBLIEdition: r.KbliEdition, NIB: r.Nib, Halal: r.Halal, PIRT: r.Pirt,
		Village: r.Village, SoldBefore: SoldBefore(r.SoldBefore), State: State(r.State), HiddenReason: r.HiddenReason, HiddenAt: r.HiddenAt,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, PublishedAt: r.PublishedAt,
	}
}

// Entry is one business of the officer's regions with its appeals, the newest first.
func (s *Service) Entry(ctx context.Context, sc authz.Scope, business id.ID) (Entry, []Appeal, error) {
	if err := sc.Can(authz.SeeRegistry); err != nil {
		return Entry{}, nil, err
	}
	var e Entry
	var all []Appeal
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if e, err = s.entry(ctx, tx, sc, business); err != nil {
			return err
		}
		all, err = s.appeals(ctx, tx, business)
		return err
	})
	return e, all, err
}

// entry reads one line of the registry; one outside the officer's regions is not found.
func (s *Service) entry(ctx context.Context, tx *store.Tx, sc authz.Scope, business id.ID) (Entry, error) {
	r, err := s.q.Entry(ctx, tx, business)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !sc.Covers(r.Village) {
		return Entry{}, ErrNotFound
	}
	if err != nil {
		return Entry{}, fmt.Errorf("read registry: %w", err)
	}
	return entryOf(r), nil
}

// within is the officer's scope bound to one business, so that the office's
// decision and its trace are written among that business's rows.
func within(sc authz.Scope, business id.ID) authz.Scope {
	sc.Business = business
	return sc
}

func checkReason(field, text string, most int) error {
	n := utf8.RuneCountInString(text)
	var f fault.Fields
	f.Check(n >= 10, field, "business.reason_short")
	f.Check(n <= most, field, "form.too_long", most)
	return f.Err()
}

// Hide takes a shop of the officer's regions out of the public's sight. The
// owner reads the reason and may appeal.
func (s *Service) Hide(ctx context.Context, sc authz.Scope, business id.ID, reason string) error {
	reason = cleanText(reason)
	if err := sc.Can(authz.HideShops); err != nil {
		return err
	}
	if err := checkReason("reason", reason, maxReason); err != nil {
		return err
	}
	own := within(sc, business)
	return s.db.Tx(ctx, own, func(tx *store.Tx) error {
		if _, err := s.entry(ctx, tx, sc, business); err != nil {
			return err
		}
		n, err := s.q.HideBusiness(ctx, tx, businessdb.HideBusinessParams{BusinessID: business, HiddenReason: reason, HiddenAt: &tx.Now})
		if err != nil {
			return fmt.Errorf("hide: %w", err)
		}
		if n == 0 {
			return ErrHiddenAlready
		}
		if err := audit.Note(ctx, tx, own, "business.hidden", business); err != nil {
			return err
		}
		_, err = s.changed(ctx, tx, own)
		return err
	})
}

// Show ends a hiding; an open appeal is answered with it.
func (s *Service) Show(ctx context.Context, sc authz.Scope, business id.ID, answer string) error {
	answer = cleanText(answer)
	if err := sc.Can(authz.HideShops); err != nil {
		return err
	}
	if utf8.RuneCountInString(answer) > maxReason {
		return fault.New(fault.Invalid, "form.too_long", maxReason).On("answer")
	}
	own := within(sc, business)
	return s.db.Tx(ctx, own, func(tx *store.Tx) error {
		if _, err := s.entry(ctx, tx, sc, business); err != nil {
			return err
		}
		err := s.q.CloseAppeals(ctx, tx, businessdb.CloseAppealsParams{BusinessID: business, Answer: answer, DecidedBy: sc.Actor.Null(), DecidedAt: &tx.Now})
		if err != nil {
			return fmt.Errorf("close appeals: %w", err)
		}
		return s.show(ctx, tx, own)
	})
}

func (s *Service) show(ctx context.Context, tx *store.Tx, own authz.Scope) error {
	n, err := s.q.ShowBusiness(ctx, tx, businessdb.ShowBusinessParams{BusinessID: own.Business, UpdatedAt: tx.Now})
	if err != nil {
		return fmt.Errorf("show: %w", err)
	}
	if n == 0 {
		return ErrShownAlready
	}
	if err := audit.Note(ctx, tx, own, "business.shown", own.Business); err != nil {
		return err
	}
	_, err = s.changed(ctx, tx, own)
	return err
}

// Decision is how an appeal ended.
type Decision string

// The decisions.
const (
	AppealOpen   Decision = "open"
	AppealUpheld Decision = "upheld" // the shop stays hidden
	AppealLifted Decision = "lifted" // the shop is shown again
)

// Appeal is an owner's objection to a hiding. Both sides read all of it.
type Appeal struct {
	ID           id.ID
	Business     id.ID
	Name, Slug   string // of the business, in the office's queue
	Regency      string
	HiddenReason string
	Text         string
	MadeAt       time.Time
	Decision     Decision
	Answer       string
	DecidedAt    *time.Time
}

func appealOf(r businessdb.Appeal) Appeal {
	return Appeal{
		ID: r.ID, Business: r.BusinessID, Regency: r.Regency, HiddenReason: r.HiddenReason, Text: r.Text, MadeAt: r.MadeAt,
		Decision: Decision(r.Decision), Answer: r.Answer, DecidedAt: r.DecidedAt,
	}
}

func (s *Service) appeals(ctx context.Context, tx *store.Tx, business id.ID) ([]Appeal, error) {
	rows, err := s.q.AppealsOf(ctx, tx, business)
	if err != nil {
		return nil, fmt.Errorf("list appeals: %w", err)
	}
	out := make([]Appeal, len(rows))
	for i, r := range rows {
		out[i] = appealOf(r)
	}
	return out, nil
}

// Appeals lists the scope's own appeals, the newest first.
func (s *Service) Appeals(ctx context.Context, sc authz.Scope) ([]Appeal, error) {
	if err := sc.Can(authz.EditShop); err != nil {
		return nil, err
	}
	var out []Appeal
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		out, err = s.appeals(ctx, tx, sc.Business)
		return err
	})
	return out, err
}

// Appeal objects to the hiding of the scope's shop. One appeal may be open.
func (s *Service) Appeal(ctx context.Context, sc authz.Scope, text string) error {
	text = cleanText(text)
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	if err := checkReason("text", text, MaxAppeal); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		b, err := s.GetTx(ctx, tx, sc)
		if err != nil {
			return err
		}
		if b.HiddenAt == nil {
			return ErrShownAlready
		}
		n, err := s.q.InsertAppeal(ctx, tx, businessdb.InsertAppealParams{
			ID: id.New(), BusinessID: b.ID, Province: region.Up(b.Village, region.Province), Regency: region.Up(b.Village, region.Regency),
			HiddenReason: b.HiddenReason, Text: text, MadeBy: sc.Actor, MadeAt: tx.Now,
		})
		if err != nil {
			return fmt.Errorf("insert appeal: %w", err)
		}
		if n == 0 {
			return ErrAppealed
		}
		return audit.Note(ctx, tx, sc, "business.appealed", b.ID)
	})
}

// Queue lists the open appeals of the officer's regions, the oldest first, and
// those decided last.
func (s *Service) Queue(ctx context.Context, sc authz.Scope) (open, decided []Appeal, err error) {
	if err := sc.Can(authz.HideShops); err != nil {
		return nil, nil, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		open, decided = nil, nil
		for _, code := range outermost(sc.Regions) {
			province, regency := levels(code)
			rows, err := s.q.OpenAppeals(ctx, tx, businessdb.OpenAppealsParams{Province: province, Regency: regency})
			if err != nil {
				return fmt.Errorf("list open appeals: %w", err)
			}
			for _, r := range rows {
				if sc.Covers(r.Regency) {
					open = append(open, queued(businessdb.DecidedAppealsRow(r)))
				}
			}
			past, err := s.q.DecidedAppeals(ctx, tx, businessdb.DecidedAppealsParams{Province: province, Regency: regency})
			if err != nil {
				return fmt.Errorf("list decided appeals: %w", err)
			}
			for _, r := range past {
				if sc.Covers(r.Regency) {
					decided = append(decided, queued(r))
				}
			}
		}
		return nil
	})
	slices.SortFunc(open, func(a, b Appeal) int { return a.MadeAt.Compare(b.MadeAt) })
	slices.SortFunc(decided, func(a, b Appeal) int { return b.MadeAt.Compare(a.MadeAt) })
	return open, decided, err
}

// levels picks the columns by which a region's appeals are found. Appeals are
// decided by regencies: an officer of a district alone decides none.
func levels(code string) (province, regency *string) {
	if len(code) == 2 {
		return &code, nil
	}
	up := region.Up(code, region.Regency)
	return nil, &up
}

func queued(r businessdb.DecidedAppealsRow) Appeal {
	return Appeal{
		ID: r.ID, Business: r.BusinessID, Name: r.Name, Slug: r.Slug, Regency: r.Regency, HiddenReason: r.HiddenReason, Text: r.Text, MadeAt: r.MadeAt,
		Decision: Decision(r.Decision), Answer: r.Answer, DecidedAt: r.DecidedAt,
	}
}

// Decide answers an appeal: the shop stays hidden, or is shown again.
func (s *Service) Decide(ctx context.Context, sc authz.Scope, appeal id.ID, lift bool, answer string) error {
	answer = cleanText(answer)
	if err := sc.Can(authz.HideShops); err != nil {
		return err
	}
	if err := checkReason("answer", answer, maxReason); err != nil {
		return err
	}
	var business id.ID
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		r, err := s.q.Appeal(ctx, tx, appeal)
		if errors.Is(err, sql.ErrNoRows) || err == nil && !sc.Covers(r.Regency) {
			return ErrNotFound
		}
		business = r.BusinessID
		return wrap(err, "read appeal")
	})
	if err != nil {
		return err
	}
	own := within(sc, business)
	return s.db.Tx(ctx, own, func(tx *store.Tx) error {
		d := AppealUpheld
		if lift {
			d = AppealLifted
		}
		n, err := s.q.DecideAppeal(ctx, tx, businessdb.DecideAppealParams{
			ID: appeal, Decision: string(d), Answer: answer, DecidedBy: sc.Actor.Null(), DecidedAt: &tx.Now,
		})
		if err != nil {
			return fmt.Errorf("decide appeal: %w", err)
		}
		if n == 0 {
			return ErrDecided
		}
		if err := audit.Note(ctx, tx, own, "business.appeal_decided", appeal, audit.Diff{"decision": change(string(AppealOpen), string(d))}); err != nil {
			return err
		}
		if !lift {
			return nil
		}
		return s.show(ctx, tx, own)
	})
}
