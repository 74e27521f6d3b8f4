package cashweb

import (
	"context"
	"errors"
	"net/url"
	"time"

	"lapak/internal/authz"
	"lapak/internal/cash"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/outbox"
	"lapak/internal/store"
)

// Offline takes what the two sides of a hand-over said without a signal, by
// the same forms.
func Offline(box *outbox.Service, chain *cash.Service) {
	box.Register("cash.give", func(ctx context.Context, tx *store.Tx, sc authz.Scope, a outbox.Act) error {
		m, err := giveOf(a.Form(), a.ID, &a.At)
		if err == nil {
			err = chain.Give(ctx, tx, sc, m)
		}
		if errors.Is(err, cash.ErrCode) { // with the try it is refused whole, and counted as a refusal
			return fault.Of(err)
		}
		return err
	})
	box.Register("cash.take", func(ctx context.Context, tx *store.Tx, sc authz.Scope, a outbox.Act) error {
		m, err := takeOf(a.Form(), a.ID, &a.At)
		if err == nil {
			err = chain.Take(ctx, tx, sc, m)
		}
		return err
	})
	box.Link("cash.give", func(id.ID) string { return "/setoran/saya" })
	box.Link("cash.take", func(id.ID) string { return "/setoran/terima" })
}

func giveOf(f url.Values, word id.ID, at *time.Time) (cash.Give, error) {
	m := cash.Give{ID: word, At: at, Mark: f.Get("mark"), Code: f.Get("code")}
	m.Receiver, _ = id.Parse(f.Get("receiver"))
	var err error
	m.Amount, err = rupiah(f)
	return m, err
}

func takeOf(f url.Values, word id.ID, at *time.Time) (cash.Take, error) {
	m := cash.Take{ID: word, At: at, Mark: f.Get("mark")}
	m.Giver, _ = id.Parse(f.Get("giver"))
	var err error
	m.Amount, err = rupiah(f)
	return m, err
}

func rupiah(f url.Values) (int64, error) {
	if f.Get("amount") == "" {
		return 0, nil
	}
	n, err := money.Parse(f.Get("amount"))
	if err != nil {
		return 0, fault.Of(err).On("amount")
	}
	return n, nil
}
