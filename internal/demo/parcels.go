package demo

import (
	"time"

	"lapak/internal/carrier"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
)

// boxed is for how many days back orders have parcels.
const boxed = 60

// parcel writes the parcel of an order that is brought, with its way so far.
func (b *block) parcel(t *tale) {
	o := t.o
	if b.m.Parcels == nil || o.Way != order.Own || o.PlacedAt.Before(b.m.now.AddDate(0, 0, -boxed)) {
		return
	}
	shop := b.s.id
	p := parcel.Parcel{
		Order: o.ID, Customer: o.Customer, N: 1, Carrier: parcel.Own, Name: o.Name, Phone: o.Phone, Village: o.Village, Street: o.Street,
		Landmark: o.Landmark, Note: o.Note, Contents: o.Brief, Pieces: o.Pieces, Grams: o.WeightGrams, Goods: o.Goods, Restocked: o.State == order.Returned,
	}
	for _, e := range t.events {
		line := parcel.Event{ID: t.part(e.At), Person: e.Person, Source: e.By, At: e.At, Reason: carrier.Reason(e.Reason)}
		switch e.Act {
		case order.ActPack:
			line.Act, line.Status, p.CreatedAt = parcel.ActMake, carrier.Ready, e.At
			p.ID = t.part(e.At)
		case order.ActHandOver:
			line.Act, line.Status, p.HandedAt = parcel.ActTake, carrier.PickedUp, &e.At
			p.Courier = o.Courier
			if p.ID.IsZero() {
				p.ID, p.CreatedAt = t.part(e.At), e.At
			}
		case order.ActDeliver:
			line.Act, line.Status, p.DoneAt = parcel.ActDeliver, carrier.Delivered, &e.At
			line.Receiver, line.Relation, line.Amount, line.Method = o.Receiver, o.Relation, e.Amount, e.Method
			p.Receiver, p.Relation, p.Reason = o.Receiver, o.Relation, ""
			if e.Method == payment.COD {
				p.Taken, p.TakenBy = e.Amount, payment.COD
			}
		case order.ActFail:
			line.Act, line.Status = parcel.ActFail, carrier.AttemptFailed
			p.Attempts++
			p.Reason = line.Reason
		case order.ActRetry:
			line.Act, line.Status = parcel.ActTake, carrier.PickedUp
		case order.ActReturn:
			line.Act, line.Status, line.Reason = parcel.ActReturn, carrier.Returned, p.Reason
		case order.ActCancel, order.ActWithdraw, order.ActExpire, order.ActDecline:
			line.Act, line.Status, line.Reason = parcel.ActCancel, carrier.Cancelled, ""
		default:
			continue
		}
		if p.ID.IsZero() || p.Status == carrier.Delivered && line.Status == carrier.Returned { // not packed yet; or given back later
			continue
		}
		line.Parcel = p.ID
		p.Status, p.StatusAt, p.ChangedAt = line.Status, e.At, e.At
		if p.Status.Final() {
			p.EndedAt = &line.At
		}
		b.rows.add(tSeen, shop, line.ID, p.ID, string(line.Act), string(line.Status), string(line.Reason), "", "", line.Source, line.Person.Null(),
			line.Receiver, line.Relation, line.Amount, string(line.Method), "", line.At, line.At)
	}
	if p.ID.IsZero() {
		return
	}
	p.Number = carrier.OwnNumber(p.ID)
	p.COD = p.Taken
	if o.PayBy == payment.COD && !p.Status.Final() {
		p.COD += max(0, o.Due())
	}
	b.rows.add(tParcels, shop, p.ID, p.Order, p.Customer.Null(), p.N, p.Number, p.Carrier, "", "", string(p.Status), p.StatusAt, string(p.Reason), "",
		p.Courier.Null(), int64(0), p.Name, p.Phone, p.Village, p.Street, p.Landmark, p.Note, p.Contents, p.Pieces, p.Grams, p.Goods, p.COD, p.Taken,
		string(p.TakenBy), false, int64(0), p.Attempts, p.Receiver, p.Relation, p.Restocked, "", p.CreatedAt, p.HandedAt, p.OutAt, p.DoneAt, p.EndedAt, p.ChangedAt)
	for i, l := range o.Lines {
		b.rows.add(tBoxed, shop, p.ID, int64(i), l.Quantity)
	}
	var ends *time.Time
	if p.EndedAt != nil {
		at := p.EndedAt.Add(parcel.LinkFor)
		ends = &at
	}
	for _, h := range b.m.Parcels.Hashes(shop, p) {
		b.rows.add(tTracks, h, shop, p.ID, ends)
	}
}
