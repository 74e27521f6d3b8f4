package parcel

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/label"
	"lapak/internal/order"
	"lapak/internal/parcel/parceldb"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// Coded is what an order's parcel is called on paper.
type Coded struct {
	Code string // of the order
	Of   int    // how many parcels the order has
}

// OrderCodes tells what the orders of parcels are called.
func (s *Service) OrderCodes(ctx context.Context, sc authz.Scope, list []Parcel) (map[id.ID]Coded, error) {
	if err := sc.Can(authz.SeeParcels); err != nil {
		return nil, err
	}
	codes := map[id.ID]Coded{}
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		clear(codes)
		orders, err := s.Orders.Many(ctx, tx, sc, ordersOf(list))
		if err != nil {
			return err
		}
		rows, err := s.q.OfOrders(ctx, tx, parceldb.OfOrdersParams{BusinessID: sc.Business, Ids: store.IDs(ordersOf(list))})
		if err != nil {
			return fmt.Errorf("list parcels: %w", err)
		}
		count := map[id.ID]int{}
		for _, r := range rows {
			if r.Status != string(carrier.Cancelled) {
				count[id.Or(r.OrderID)]++
			}
		}
		for _, p := range list {
			if o, ok := orders[p.Order]; ok {
				codes[p.ID] = Coded{o.Called(), max(1, count[p.Order])}
			}
		}
		return nil
	})
	return codes, err
}

func ordersOf(list []Parcel) []id.ID {
	var ids []id.ID
	for _, p := range list {
		if !p.Order.IsZero() && !slices.Contains(ids, p.Order) {
			ids = append(ids, p.Order)
		}
	}
	return ids
}

// Want is how many of something goes into the parcel of an order.
type Want struct {
	Order    string // what it is called
	Line     order.Line
	Quantity int64
}

// Wants lists what has to be taken off the shelves for parcels.
func (s *Service) Wants(ctx context.Context, sc authz.Scope, list []Parcel) ([]Want, error) {
	if err := sc.Can(authz.SeeParcels); err != nil {
		return nil, err
	}
	var out []Want
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		out = nil
		orders, err := s.Orders.Many(ctx, tx, sc, ordersOf(list))
		if err != nil {
			return err
		}
		ids := make([]id.ID, len(list))
		of := map[id.ID]id.ID{}
		for i, p := range list {
			ids[i], of[p.ID] = p.ID, p.Order
		}
		rows, err := s.q.LinesOf(ctx, tx, parceldb.LinesOfParams{BusinessID: sc.Business, Ids: store.IDs(ids)})
		if err != nil {
			return fmt.Errorf("list parcel's lines: %w", err)
		}
		for _, r := range rows {
			if o, ok := orders[of[r.ParcelID]]; ok && r.N < int64(len(o.Lines)) {
				out = append(out, Want{o.Called(), o.Lines[r.N], r.Quantity})
			}
		}
		return nil
	})
	return out, err
}

// Labels is what the labels of parcels say. track is the address below which tracking links lie.
func (s *Service) Labels(ctx context.Context, sc authz.Scope, shop business.Business, list []Parcel, track string) ([]label.Parcel, error) {
	codes, err := s.OrderCodes(ctx, sc, list)
	if err != nil {
		return nil, err
	}
	out := make([]label.Parcel, len(list))
	for i, p := range list {
		l := label.Parcel{
			Number: p.Shown(), Carrier: i18n.T(ctx, "parcel.own"), Service: p.Service, Landmark: p.Landmark, Note: p.Note, Contents: p.Contents, COD: p.Due(), Grams: p.Grams,
			Piece: int(p.N), Pieces: codes[p.ID].Of, Order: codes[p.ID].Code, Placed: p.CreatedAt.In(i18n.WIB),
			Sender:    label.Party{Name: shop.Name, Phone: phone.Show(shop.Phone), Street: shop.Street, Area: shop.Place().Label()},
			Recipient: label.Party{Name: p.Name, Phone: phone.Show(p.Phone), Street: p.Street, Area: p.Region().Label()},
			URL:       track + s.Link(sc.Business, p.ID),
		}
		if p.Carrier != Own {
			l.Carrier = p.Carrier
			if c, ok := carrier.Find(p.Carrier); ok {
				l.Carrier = c.Name
			}
			if IsFirm(p.Carrier) { // its name stands with the service
				l.Carrier, l.Service = p.Service, ""
			}
		}
		if p.LeaveWith != "" {
			l.Note = strings.TrimSuffix(i18n.T(ctx, "parcel.leave_with", p.LeaveWith)+". "+p.Note, ". ")
		}
		if p.DueFrom != nil && p.DueUntil != nil {
			l.From, l.Until = p.DueFrom.In(i18n.WIB), p.DueUntil.In(i18n.WIB)
		}
		out[i] = l
	}
	return out, nil
}
