package order

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/order/orderdb"
	"lapak/internal/store"
)

// leaving is how many papers are read at a time.
const leaving = 200

// Export gives every paper placed at or after since and before until to fn,
// in the order in which it happened: the shop's own orders, imported ones, and
// what is no sale. What it gives can be imported again. It reads a part at a
// time, so a large shop needs no more memory than a small one.
func (s *Service) Export(ctx context.Context, sc authz.Scope, since, until time.Time, fn func(Past) error) error {
	if err := sc.Can(authz.ExportOrders); err != nil {
		return err
	}
	at, number := since, int64(0)
	for {
		var list []Past
		var last key
		err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
			list, last, err = s.leave(ctx, tx, sc, at, number, until)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range list {
			if err := fn(p); err != nil {
				return err
			}
		}
		if len(list) < leaving {
			return nil
		}
		at, number = last.at, last.number
	}
}

// key is where a paper stands in an export.
type key struct {
	at     time.Time
	number int64
}

func (k key) before(l key) bool { return k.at.Before(l.at) || k.at.Equal(l.at) && k.number < l.number }

// leave reads the next papers after a key: orders and other papers, merged.
func (s *Service) leave(ctx context.Context, tx *store.Tx, sc authz.Scope, at time.Time, number int64, until time.Time) ([]Past, key, error) {
	orders, err := s.q.Leaving(ctx, tx, orderdb.LeavingParams{
		BusinessID: sc.Business, AfterAt: at, AfterNumber: number, BeforeAt: until, Most: leaving,
	})
	if err != nil {
		return nil, key{}, fmt.Errorf("list orders: %w", err)
	}
	alone, err := s.q.LeavingPapers(ctx, tx, orderdb.LeavingPapersParams{
		BusinessID: sc.Business, AfterAt: at, AfterNumber: number, BeforeAt: until, Most: leaving,
	})
	if err != nil {
		return nil, key{}, fmt.Errorf("list papers: %w", err)
	}
	var ids, aloneIDs []id.ID
	type paper struct {
		key
		order *orderdb.Order
		alone *orderdb.OrderPaper
	}
	var merged []paper
	for i, j := 0, 0; len(merged) < leaving && (i < len(orders) || j < len(alone)); {
		if j == len(alone) || i < len(orders) && (key{orders[i].PlacedAt, orders[i].Number}).before(key{alone[j].At, alone[j].Number}) {
			merged = append(merged, paper{key{orders[i].PlacedAt, orders[i].Number}, &orders[i], nil})
			ids = append(ids, orders[i].ID)
			i++
			continue
		}
		merged = append(merged, paper{key{alone[j].At, alone[j].Number}, nil, &alone[j]})
		aloneIDs = append(aloneIDs, alone[j].ID)
		j++
	}
	papers, lines, err := s.parts(ctx, tx, sc, ids, aloneIDs)
	if err != nil {
		return nil, key{}, err
	}
	list := make([]Past, len(merged))
	var last key
	for i, m := range merged {
		last = m.key
		if m.order != nil {
			list[i] = leavingOrder(row(*m.order), papers[m.order.ID], lines[m.order.ID])
			continue
		}
		list[i] = leavingPaper(*m.alone, lines[m.alone.ID])
	}
	return list, last, nil
}

// parts reads what belongs to a page of papers.
func (s *Service) parts(ctx context.Context, tx *store.Tx, sc authz.Scope, orders, alone []id.ID) (map[id.ID]orderdb.OrderPaper, map[id.ID][]PastLine, error) {
	papers, lines := map[id.ID]orderdb.OrderPaper{}, map[id.ID][]PastLine{}
	of, err := s.q.PapersOf(ctx, tx, orderdb.PapersOfParams{BusinessID: sc.Business, Ids: store.IDs(orders)})
	if err != nil {
		return nil, nil, fmt.Errorf("read papers: %w", err)
	}
	for _, p := range of {
		papers[p.ID] = p
	}
	rows, err := s.q.LinesOf(ctx, tx, orderdb.LinesOfParams{BusinessID: sc.Business, Ids: store.IDs(orders)})
	if err != nil {
		return nil, nil, fmt.Errorf("list lines: %w", err)
	}
	for _, l := range rows {
		lines[l.OrderID] = append(lines[l.OrderID], PastLine{SKU: l.Sku, Title: l.Title, Variant: l.VariantName, Unit: l.Unit, Quantity: l.Quantity, Price: l.Price})
	}
	rest, err := s.q.PaperLinesOf(ctx, tx, orderdb.PaperLinesOfParams{BusinessID: sc.Business, Ids: store.IDs(alone)})
	if err != nil {
		return nil, nil, fmt.Errorf("list lines of papers: %w", err)
	}
	for _, l := range rest {
		lines[l.PaperID] = append(lines[l.PaperID], PastLine{SKU: l.Sku, Title: l.Title, Variant: l.VariantName, Quantity: l.Quantity, Price: l.Price})
	}
	return papers, lines, nil
}

func leavingOrder(o Order, r orderdb.OrderPaper, lines []PastLine) Past {
	p := Past{
		Source: string(o.Channel), Outside: o.Called(), Kind: Sale, At: o.PlacedAt, State: o.State, Name: o.Name, Phone: o.Phone, Way: o.Way, PayBy: o.PayBy,
		Village: o.Village, Street: o.Street, Landmark: o.Landmark, Note: o.Note, Reason: o.Reason, Voucher: o.Voucher, Discount: o.Discount,
		Shipping: o.Shipping, CODFee: o.CODFee, Code: o.Code, Allowance: o.Allowance, Paid: o.Paid, Refunded: o.Refunded, Lines: lines,
	}
	if o.State.Over() {
		p.DoneAt = o.EndedAt
	}
	if o.Channel.Past() {
		p.Source, p.Outside = r.Source, r.Outside
		p.Buyer, p.City, p.Province, p.Country, p.Courier, p.Waybill = r.Buyer, r.City, r.Province, r.Country, r.Courier, r.Waybill
		p.put(r.LineTimes)
	}
	return p
}

func leavingPaper(r orderdb.OrderPaper, lines []PastLine) Past {
	p := Past{
		Source: r.Source, Outside: r.Outside, Kind: Kind(r.Kind), At: r.At, Buyer: r.Buyer, City: r.City, Province: r.Province, Country: r.Country,
		Courier: r.Courier, Waybill: r.Waybill, Note: r.Note, Lines: lines,
	}
	p.put(r.LineTimes)
	return p
}

// put gives lines the times of their own.
func (p *Past) put(times string) {
	if times == "" {
		return
	}
	var m map[int]time.Time
	if err := json.Unmarshal([]byte(times), &m); err != nil {
		return // ours always parse
	}
	for i, at := range m {
		if i >= 0 && i < len(p.Lines) {
			p.Lines[i].At = at
		}
	}
}
