package parcelweb

import (
	"context"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/outbox"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/store"
)

// seen is what a courier's page knew of a parcel.
type seen struct {
	Status carrier.Status `json:"status"`
}

// Offline takes what couriers did without a signal, by the same forms.
func Offline(box *outbox.Service, parcels *parcel.Service) {
	for _, act := range []parcel.Act{parcel.ActTake, parcel.ActOut, parcel.ActDeliver, parcel.ActFail, parcel.ActAgain} {
		kind := "parcel." + string(act)
		box.Register(kind, func(ctx context.Context, tx *store.Tx, sc authz.Scope, a outbox.Act) error {
			m, fields := moveOf(a.Form())
			if err := fields.Err(); err != nil {
				return err
			}
			m.ID, m.Act, m.At, m.Photo, m.Sent, m.Holder = a.ID, act, &a.At, a.Photo, a.ID, a.Person
			if !a.Forced {
				if err := clash(ctx, tx, sc, parcels, a, m); err != nil {
					return err
				}
			}
			_, err := parcels.DoTx(ctx, tx, sc, a.Object, m)
			return onCode(err)
		})
		box.Link(kind, func(v id.ID) string { return "/antaran/" + v.String() })
	}
}

// clash reports that somebody else did something with the parcel since the
// page saw it: what the courier did themselves since then is no surprise.
func clash(ctx context.Context, tx *store.Tx, sc authz.Scope, parcels *parcel.Service, a outbox.Act, m parcel.Move) error {
	var was seen
	if !a.See(&was) {
		return nil
	}
	p, by, err := parcels.LastChange(ctx, tx, sc, a.Object)
	if err != nil {
		return err
	}
	if p.Status == was.Status || by.Person == a.Person || by.ID == a.ID || p.May(sc, m.Act) && p.Courier == a.Person && !p.Status.Final() {
		return nil
	}
	mine := []outbox.Say{{Key: "parcel.clash_" + string(m.Act), Args: []any{m.Receiver}}}
	if m.Received && m.Method != payment.QRIS {
		mine = append(mine, outbox.Say{Key: "parcel.took_cod", Args: []any{money.String(m.Amount)}})
	}
	if m.Reason != "" {
		mine = append(mine, outbox.Say{Key: "parcel.reason_" + string(m.Reason)})
	}
	theirs := []outbox.Say{{Key: "parcel.status_" + string(p.Status)}}
	if by.Reason != "" {
		theirs = append(theirs, outbox.Say{Key: "parcel.reason_" + string(by.Reason)})
	}
	if by.Amount > 0 {
		theirs = append(theirs, outbox.Say{Key: "parcel.took_" + string(method(by.Method)), Args: []any{money.String(by.Amount)}})
	}
	return outbox.Clash{Mine: mine, Theirs: theirs}
}
