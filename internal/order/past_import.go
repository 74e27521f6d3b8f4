package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order/orderdb"
	"lapak/internal/payment"
	"lapak/internal/store"
)

// Came is what becomes of a paper that is imported.
type Came string

// What may become of one.
const (
	CameNew Came = "new"
	Moved   Came = "changed"
	Stayed  Came = "same" // the shop has it, or a later state of it
)

// TakePast takes in a batch of papers in one transaction and says what became
// of each. What the shop has already stays; a sale that a later file moves on
// moves on. Nobody is told, no stock moves. Each paper must pass Validate.
func (s *Service) TakePast(ctx context.Context, sc authz.Scope, batch []Past) (came []Came, err error) {
	if err := sc.Can(authz.ImportOrders); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) (err error) {
		came, err = s.takePast(ctx, tx, sc, batch)
		return err
	})
	return came, err
}

// importing is a batch on its way.
type importing struct {
	s     *Service
	tx    *store.Tx
	sc    authz.Scope
	wares map[string]catalog.Ware
	came  []Came
	moved int64

	known   map[string]id.ID // customers of this batch, by phone or reference
	figures map[id.ID]*customer.History
	met     []id.ID // customers in the order in which they were met

	orders, lines, events, papers, alone [][]any
	entries                              []ledger.Old
	payments                             []payment.Old
}

// takePast takes a batch in.
func (s *Service) takePast(ctx context.Context, tx *store.Tx, sc authz.Scope, batch []Past) ([]Came, error) {
	in := &importing{s: s, tx: tx, sc: sc, known: map[string]id.ID{}, figures: map[id.ID]*customer.History{}}
	fresh, err := in.sort(ctx, batch)
	if err != nil || len(fresh) == 0 && in.moved == 0 {
		return in.came, err
	}
	if len(fresh) > 0 {
		last, err := s.q.NextNumbers(ctx, tx, orderdb.NextNumbersParams{BusinessID: sc.Business, Many: int64(len(fresh))})
		if err != nil {
			return nil, fmt.Errorf("next numbers: %w", err)
		}
		for i, p := range fresh {
			if err := in.add(ctx, p, last-int64(len(fresh))+int64(i)+1); err != nil {
				return nil, err
			}
		}
	}
	if err := in.write(ctx); err != nil {
		return nil, err
	}
	return in.came, audit.Note(ctx, tx, sc, "order.imported", id.ID{}, audit.Diff{"new": {From: 0, To: len(fresh)}, "changed": {From: 0, To: in.moved}})
}

// sort moves on what is there already, and returns what is new.
func (in *importing) sort(ctx context.Context, batch []Past) ([]Past, error) {
	for _, p := range batch {
		if err := p.Validate(); err != nil {
			return nil, err
		}
	}
	there, err := in.there(ctx, batch)
	if err != nil {
		return nil, err
	}
	if in.wares, err = in.s.Goods.SKUs(ctx, in.tx, in.sc); err != nil {
		return nil, err
	}
	var fresh []Past
	seen := map[id.ID]bool{}
	in.came = make([]Came, len(batch))
	for i, p := range batch {
		mark := p.mark()
		r, known := there[mark]
		switch {
		case seen[mark]:
			return nil, fmt.Errorf("order: %q stands twice in a batch", p.Outside) // a mistake of who grouped it
		case known && r.Hash == p.hash():
			in.came[i] = Stayed
		case known:
			if in.came[i], err = in.change(ctx, r, p); err != nil {
				return nil, err
			}
		default:
			ours, err := in.ours(ctx, p)
			if err != nil {
				return nil, err
			}
			if in.came[i] = CameNew; ours {
				in.came[i] = Stayed
			} else {
				fresh = append(fresh, p)
			}
		}
		seen[mark] = true
	}
	return fresh, nil
}

// ours reports whether p is an order of this shop that came out of an export:
// what was made here is never changed by a file.
func (in *importing) ours(ctx context.Context, p Past) (bool, error) {
	if c := Channel(p.Source); c != Web && c != Chat && c != Counter {
		return false, nil
	}
	number, ok := strings.CutPrefix(p.Outside, "LPK-")
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return false, nil
	}
	rows, err := in.s.q.ByNumber(ctx, in.tx, orderdb.ByNumberParams{BusinessID: in.sc.Business, Number: n})
	if err != nil {
		return false, fmt.Errorf("find number: %w", err)
	}
	return len(rows) == 1 && rows[0].Channel == p.Source && rows[0].PlacedAt.Equal(p.At), nil
}

// buyer finds or makes the customer of a paper: by an unmasked phone number,
// or by the number under which another system of the shop's own knows them. A
// marketplace's user name makes nobody a customer.
func (in *importing) buyer(ctx context.Context, p Past) (id.ID, error) {
	key := p.Phone
	if key == "" && p.Buyer != "" && !marketplace(p.Source) {
		key = p.Source + "/" + p.Buyer
	}
	if key == "" {
		return id.ID{}, nil
	}
	if c, ok := in.known[key]; ok {
		return c, nil
	}
	var c id.ID
	if p.Phone != "" {
		found, err := in.s.Customers.Find(ctx, in.tx, in.sc, p.Phone, p.Name)
		if err != nil {
			return id.ID{}, err
		}
		c = found.ID
	} else {
		name := p.Name
		if name == "" {
			name = p.Buyer
		}
		var err error
		if c, err = in.s.Customers.FindRef(ctx, in.tx, in.sc, key, name); err != nil {
			return id.ID{}, err
		}
	}
	in.known[key] = c
	return c, nil
}

// count notes what a customer's figures gain; at is zero for a change.
func (in *importing) count(c id.ID, orders, spent int64, at time.Time) {
	if c.IsZero() {
		return
	}
	h := in.figures[c]
	if h == nil {
		h = &customer.History{}
		in.figures[c] = h
		in.met = append(in.met, c)
	}
	h.Orders += orders
	h.Spent += spent
	if at.IsZero() {
		return
	}
	if h.First.IsZero() || at.Before(h.First) {
		h.First = at
	}
	if at.After(h.Last) {
		h.Last = at
	}
}

func (in *importing) ware(l PastLine) catalog.Ware {
	if l.SKU == "" {
		return catalog.Ware{}
	}
	return in.wares[catalog.Fold(l.SKU)]
}

// add readies the rows of a new paper.
func (in *importing) add(ctx context.Context, p Past, number int64) error {
	c, err := in.buyer(ctx, p)
	if err != nil {
		return err
	}
	key := p.name()
	total, err := p.Total()
	if err != nil {
		return err
	}
	in.papers = append(in.papers, []any{
		in.sc.Business, key, p.mark(), number, string(p.Kind), p.Source, p.Outside, p.hash(), c.Null(), p.Buyer, p.City, p.Province, p.Country, p.Courier,
		p.Waybill, aloneNote(p), p.times(), total, p.Pieces(), int64(1), p.At, in.tx.Now,
	})
	if p.Kind != Sale {
		in.linesAlone(key, p)
		in.entries = append(in.entries, ledger.Old{Entry: ledger.Entry{
			Key: "paper/" + key.String() + "/1", Kind: "paper." + string(p.Kind), Lines: bookedAlone(p.Kind, total),
		}, At: p.At})
		return nil
	}
	o := p.order(in.sc.Business)
	o.Customer, o.Number = c, number
	in.orders = append(in.orders, orderRow(o, p.hash(), in.sc.Actor))
	in.linesOf(o.ID, p)
	in.events = append(in.events, []any{
		in.sc.Business, eventOf(o.ID), o.ID, string(ActPlace), "", string(o.State), string(in.sc.Role), in.sc.Actor.Null(), "", o.Total, string(o.PayBy), "", nil, o.PlacedAt,
	})
	in.entries = append(in.entries, ledger.Old{
		Entry: ledger.Entry{Key: "order/" + o.ID.String() + "/imported/1", Kind: "order.imported", Order: o.ID, Lines: o.booked()}, At: o.PlacedAt,
	})
	in.payments = append(in.payments, payment.Old{Order: o.ID, Amount: o.Paid - o.Refunded, At: o.PlacedAt})
	orders, spent := o.counts()
	if orders+spent != 0 {
		in.count(c, orders, spent, o.PlacedAt)
	}
	return nil
}

// aloneNote is the note of a paper that has no order to keep it.
func aloneNote(p Past) string {
	if p.Kind == Sale {
		return ""
	}
	return p.Note
}

// times keeps the times of lines that differ from the paper's.
func (p Past) times() string {
	m := map[int]time.Time{}
	for i, l := range p.Lines {
		if !l.At.IsZero() && !l.At.Equal(p.At) {
			m[i] = l.At.UTC()
		}
	}
	if len(m) == 0 {
		return ""
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // times always have a text form
	}
	return string(b)
}

func (in *importing) linesOf(order id.ID, p Past) {
	for i, l := range p.Lines {
		w := in.ware(l)
		in.lines = append(in.lines, []any{
			in.sc.Business, order, int64(i), w.Product, w.Variant, l.Title, l.Variant, l.SKU, l.Unit, nil, l.Price, l.Quantity, int64(0), int64(0), false,
		})
	}
}

func (in *importing) linesAlone(paper id.ID, p Past) {
	for i, l := range p.Lines {
		w := in.ware(l)
		in.alone = append(in.alone, []any{in.sc.Business, paper, int64(i), w.Product, w.Variant, l.SKU, l.Title, l.Variant, l.Price, l.Quantity})
	}
}

var (
	paperColumns = strings.Fields(`business_id id mark number kind source outside hash customer_id buyer city province country courier waybill note
		line_times total pieces revision at imported_at`)
	aloneColumns = strings.Fields(`business_id paper_id n product_id variant_id sku title variant_name price quantity`)
	lineColumns  = strings.Fields(`business_id order_id n product_id variant_id title variant_name sku unit photo price quantity weight_grams ready_days tracked`)
	eventColumns = strings.Fields(`business_id id order_id act from_state to_state by_role person_id reason amount method text photo at`)
	orderColumns = strings.Fields(`business_id id number body_hash revision channel state tab way pay_by pay_state customer_id name phone village street
		landmark note goods discount shipping cod_fee code total paid refunded allowance cash_given voucher weight_grams pieces brief ready_days complaint
		reason receiver relation tries placed_by placed_at accepted_at done_at ended_at changed_at last_act last_from search`)
)

func orderRow(o Order, hash string, by id.ID) []any {
	return []any{
		o.Business, o.ID, o.Number, hash, int64(1), string(o.Channel), string(o.State), string(o.Tab), string(o.Way), string(o.PayBy), string(o.PayState),
		o.Customer.Null(), o.Name, o.Phone, o.Village, o.Street, o.Landmark, o.Note, o.Goods, o.Discount, o.Shipping, o.CODFee, o.Code, o.Total, o.Paid,
		o.Refunded, o.Allowance, int64(0), o.Voucher, int64(0), o.Pieces, o.Brief, int64(0), "", o.Reason, "", "", int64(0), by.Null(), o.PlacedAt,
		o.AcceptedAt, o.DoneAt, o.EndedAt, o.ChangedAt, "", "", o.Words,
	}
}

// write puts all rows in, in the one order in which rows are locked.
func (in *importing) write(ctx context.Context) error {
	for _, t := range []struct {
		table   string
		columns []string
		rows    [][]any
	}{
		{"orders", orderColumns, in.orders},
		{"order_lines", lineColumns, in.lines},
		{"order_events", eventColumns, in.events},
		{"order_papers", paperColumns, in.papers},
		{"order_paper_lines", aloneColumns, in.alone},
	} {
		if err := in.tx.Add(ctx, t.table, t.columns, t.rows); err != nil {
			return err
		}
	}
	for _, c := range in.met {
		if err := in.s.Customers.Past(ctx, in.tx, in.sc, c, *in.figures[c]); err != nil {
			return err
		}
	}
	if err := in.s.Payments.NoteOld(ctx, in.tx, in.sc, in.payments); err != nil {
		return err
	}
	return in.s.Books.PostOld(ctx, in.tx, in.sc, in.entries)
}

// change brings a paper that is there to what a later file says. The person
// stays as the shop has them: a buyer who was erased does not come back.
func (in *importing) change(ctx context.Context, r orderdb.OrderPaper, p Past) (Came, error) {
	if Kind(r.Kind) != p.Kind {
		return "", ErrPastKind
	}
	s, tx, sc := in.s, in.tx, in.sc
	revision := strconv.FormatInt(r.Revision+1, 10)
	total, err := p.Total()
	if err != nil {
		return "", err
	}
	if p.Kind == Sale {
		moved, err := in.changeSale(ctx, r, p, revision)
		if err != nil {
			return "", err
		}
		if !moved {
			return Stayed, nil
		}
	} else {
		if err := s.q.DeletePaperLines(ctx, tx, orderdb.DeletePaperLinesParams{BusinessID: sc.Business, PaperID: r.ID}); err != nil {
			return "", fmt.Errorf("delete lines: %w", err)
		}
		in.linesAlone(r.ID, p)
		in.entries = append(in.entries, ledger.Old{Entry: ledger.Entry{
			Key: "paper/" + r.ID.String() + "/" + revision, Kind: "paper." + r.Kind,
			Lines: difference(bookedAlone(p.Kind, r.Total), bookedAlone(p.Kind, total)),
		}, At: tx.Now})
	}
	in.moved++
	waybill := p.Waybill
	if r.CustomerID == nil && r.Waybill == "" && r.Buyer == "" {
		waybill = r.Waybill
	}
	if err := s.q.PutPaper(ctx, tx, orderdb.PutPaperParams{
		BusinessID: sc.Business, ID: r.ID, Hash: p.hash(), Province: p.Province, Country: p.Country, Courier: p.Courier, Waybill: waybill,
		LineTimes: p.times(), Total: total, Pieces: p.Pieces(), ImportedAt: tx.Now,
	}); err != nil {
		return "", fmt.Errorf("put paper: %w", err)
	}
	return Moved, nil
}

func (in *importing) changeSale(ctx context.Context, r orderdb.OrderPaper, p Past, revision string) (bool, error) {
	s, tx, sc := in.s, in.tx, in.sc
	was, err := s.lock(ctx, tx, sc, r.ID)
	if errors.Is(err, ErrNotFound) {
		return false, fmt.Errorf("order: paper %s has no order", r.ID)
	}
	if err != nil {
		return false, err
	}
	if p.State.far() < was.State.far() {
		return false, nil // an older file
	}
	o := p.order(sc.Business)
	o.ID, o.Number, o.Revision, o.PlacedAt, o.Customer, o.Words = was.ID, was.Number, was.Revision, was.PlacedAt, was.Customer, was.Words
	o.Name, o.Phone, o.Village, o.Street, o.Landmark, o.Note = was.Name, was.Phone, was.Village, was.Street, was.Landmark, was.Note
	if p.DoneAt == nil && o.EndedAt != nil {
		if was.EndedAt != nil {
			o.EndedAt = was.EndedAt
		}
		if was.DoneAt != nil && o.DoneAt != nil {
			o.DoneAt = was.DoneAt
		}
	}
	if err := s.save(ctx, tx, sc, &o); err != nil {
		return false, err
	}
	if err := s.q.DeleteLines(ctx, tx, orderdb.DeleteLinesParams{BusinessID: sc.Business, OrderID: o.ID}); err != nil {
		return false, fmt.Errorf("delete lines: %w", err)
	}
	in.linesOf(o.ID, p)
	if _, err := s.note(ctx, tx, sc, Event{ID: id.At(tx.Now), Order: o.ID, Act: ActImport, From: was.State, To: o.State, At: tx.Now}); err != nil {
		return false, err
	}
	in.entries = append(in.entries, ledger.Old{Entry: ledger.Entry{
		Key: "order/" + o.ID.String() + "/imported/" + revision, Kind: "order.imported", Order: o.ID, Lines: difference(was.booked(), o.booked()),
	}, At: tx.Now})
	in.payments = append(in.payments, payment.Old{Order: o.ID, Amount: o.Paid - o.Refunded - was.Paid + was.Refunded, At: tx.Now})
	a, b := was.counts()
	c, d := o.counts()
	if c-a != 0 || d-b != 0 {
		in.count(o.Customer, c-a, d-b, time.Time{})
	}
	return true, nil
}
