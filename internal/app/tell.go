package app

import (
	"context"

	"lapak/internal/id"
	"lapak/internal/mail"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/store"
	"lapak/internal/webhook"
)

// tellOrder writes what happened to an order for the programs the shop tells.
func (a *App) tellOrder(ctx context.Context, tx *store.Tx, sc scope, o order.Order, e order.Event) error {
	kind := webhook.OrderMoved
	if e.Act == order.ActPlace {
		kind = webhook.OrderPlaced
	}
	return a.Webhooks.Emit(ctx, tx, sc, webhook.Event{Kind: kind, Object: o.ID, Path: webhook.OrderPath(o.ID), Data: webhook.Order{
		Order: o.ID, Number: o.Called(), Act: string(e.Act), From: string(e.From), State: string(o.State), Pay: string(o.PayState), Total: o.Total, Paid: o.Paid,
	}})
}

// tellParcel writes what happened to a parcel for the programs the shop tells.
func (a *App) tellParcel(ctx context.Context, tx *store.Tx, sc scope, p parcel.Parcel, e parcel.Event) error {
	return a.Webhooks.Emit(ctx, tx, sc, webhook.Event{Kind: webhook.ParcelMoved, Object: p.ID, Path: webhook.ParcelPath(p.ID), Data: webhook.Parcel{
		Parcel: p.ID, Order: p.Order.Null(), Number: p.Number, Act: string(e.Act), Status: string(p.Status), Reason: string(p.Reason), Attempts: p.Attempts,
		At: e.At, DueFrom: p.DueFrom, DueUntil: p.DueUntil,
	}})
}

func (a *App) tellPayment(ctx context.Context, tx *store.Tx, sc scope, p payment.Payment) error {
	kind := webhook.PaymentReceived
	if p.Amount < 0 {
		kind = webhook.PaymentRefunded
	}
	return a.Webhooks.Emit(ctx, tx, sc, webhook.Event{Kind: kind, Object: p.Order, Path: webhook.OrderPath(p.Order), Data: webhook.Payment{
		Payment: p.ID, Order: p.Order, Method: string(p.Method), Amount: max(p.Amount, -p.Amount),
	}})
}

func (a *App) tellCustomer(ctx context.Context, tx *store.Tx, sc scope, customer id.ID, what string) error {
	return a.Webhooks.Emit(ctx, tx, sc, webhook.Event{
		Kind: "customer." + what, Object: customer, Path: webhook.CustomerPath(customer), Data: webhook.Customer{Customer: customer},
	})
}

// stockOf reads how the stock of a variant stands.
func (a *App) stockOf(ctx context.Context, tx *store.Tx, sc scope, variant id.ID) (webhook.Stock, bool, error) {
	levels, err := a.Stock.Levels(ctx, tx, sc, []id.ID{variant})
	l, ok := levels[variant]
	return webhook.Stock{Variant: variant, OnHand: l.OnHand, Held: l.Reserved, Free: l.Free()}, ok, err
}

// mailStopped tells the owner that a program hears nothing of the shop any more.
func (a *App) mailStopped(ctx context.Context, tx *store.Tx, sc scope, r webhook.Receiver) error {
	if !a.Mail.On() {
		return nil
	}
	list, err := a.Accounts.OwnerMails(ctx, tx, sc)
	if err != nil {
		return err
	}
	for _, to := range list {
		if err := a.Mail.Put(ctx, tx, sc, mail.Message{
			To: to.Mail, Subject: a.Words.Say(to.Lang, "mail.webhook_off", r.Called()),
			Text: a.Words.Say(to.Lang, "mail.webhook_off_text", r.Called(), a.Words.Say(to.Lang, "webhook.why_"+r.State), a.Config.Base()+"/toko/webhook/"+r.ID.String()),
		}); err != nil {
			return err
		}
	}
	return nil
}
