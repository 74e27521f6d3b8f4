package order_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/voucher"
)

// An edit after which nothing is to be paid ends the wait for money: the order
// must not be taken for an unpaid one when the time is over.
func TestAnEditThatLeavesNothingToPayEndsTheWait(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 50)
		if err := s.vouchers.Put(t.Context(), s.owner, voucher.Draft{ID: id.New(), Code: "GRATIS", Kind: voucher.Amount, Value: 18_000, Active: true}); err != nil {
			t.Fatal(err)
		}
		d := s.draft(2)
		d.PayBy, d.Voucher, d.SeenTotal = payment.Transfer, "GRATIS", 18_000
		o := s.place(t, d)
		o = s.do(t, o, order.Move{Act: order.ActEdit, Edit: &order.Edit{Lines: []stock.Want{{Variant: s.small, Quantity: 1}}}})
		if o.Total != 0 || o.HoldUntil != nil {
			t.Errorf("edited: total %d, held until %v", o.Total, o.HoldUntil)
		}
		later := db.Now().Add(48 * time.Hour)
		db.Now = func() time.Time { return later }
		if err := s.orders.Expire(t.Context(), authz.Job(o.Business), o.ID); err != nil {
			t.Fatal(err)
		}
		got, err := s.orders.Get(t.Context(), s.owner, o.ID)
		if err != nil || got.State != order.Placed {
			t.Errorf("an order that costs nothing is %s, %v", got.State, err)
		}
		sound(t, db)
	})
}

// What the owner changes of a voucher later changes no order that used it, as
// long as its goods stay; and a new name does not lose it.
func TestAnOrderKeepsItsVoucher(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 50)
		v := voucher.Draft{ID: id.New(), Code: "HEMAT", Kind: voucher.Percent, Value: 10, Active: true}
		if err := s.vouchers.Put(t.Context(), s.owner, v); err != nil {
			t.Fatal(err)
		}
		d := s.draft(2)
		d.Voucher, d.SeenTotal = "HEMAT", 32_400
		o := s.place(t, d)
		v.Code = "BARU"
		if err := s.vouchers.Put(t.Context(), s.owner, v); err != nil {
			t.Fatal(err)
		}
		note := "tanpa cabai"
		o = s.do(t, o, order.Move{Act: order.ActEdit, Edit: &order.Edit{Lines: d.Lines, Note: &note}})
		if o.Discount != 3_600 || o.Note != note {
			t.Errorf("after a note: discount %d", o.Discount)
		}
		o = s.do(t, o, order.Move{Act: order.ActEdit, Edit: &order.Edit{Lines: []stock.Want{{Variant: s.small, Quantity: 3}}}})
		if o.Discount != 5_400 {
			t.Errorf("three of them: discount %d, want 5400", o.Discount)
		}
		if got, err := s.vouchers.Get(t.Context(), s.owner, v.ID); err != nil || got.Given != 5_400 {
			t.Errorf("given = %d, %v; want what the order has taken off now", got.Given, err)
		}
		v.Value = 50
		if err := s.vouchers.Put(t.Context(), s.owner, v); err != nil {
			t.Fatal(err)
		}
		note = "tanpa bawang"
		o = s.do(t, o, order.Move{Act: order.ActEdit, Edit: &order.Edit{Lines: []stock.Want{{Variant: s.small, Quantity: 3}}, Note: &note}})
		if o.Discount != 5_400 {
			t.Errorf("the voucher's new value reached an order of before: discount %d", o.Discount)
		}
		sound(t, db)
	})
}

// A voucher that takes nothing off is not used, so an edit cannot make use of it.
func TestAVoucherThatTookNothingOffIsNotUsed(t *testing.T) {
	db := storetest.SQLite(t)
	s := newShop(t, db, 50)
	if err := s.vouchers.Put(t.Context(), s.owner, voucher.Draft{ID: id.New(), Code: "SATU", Kind: voucher.Percent, Value: 1, Active: true}); err != nil {
		t.Fatal(err)
	}
	cheap := id.New()
	if _, err := s.goods.Create(t.Context(), s.owner, catalog.Form{
		ID: id.New(), Edit: id.New(), Title: "Permen", Publish: true, Min: 1, Variants: []catalog.VariantForm{{ID: cheap, Price: 40}},
	}); err != nil {
		t.Fatal(err)
	}
	d := s.draft(1)
	d.Lines, d.Voucher, d.SeenTotal = []stock.Want{{Variant: cheap, Quantity: 1}}, "SATU", 40
	o := s.place(t, d)
	if o.Voucher != "" {
		t.Errorf("the order bears a voucher that took nothing off: %q", o.Voucher)
	}
	o = s.do(t, o, order.Move{Act: order.ActEdit, Edit: &order.Edit{Lines: []stock.Want{{Variant: cheap, Quantity: 1}, {Variant: s.large, Quantity: 3}}}})
	if o.Discount != 0 {
		t.Errorf("discount of a voucher that was never used: %d", o.Discount)
	}
}

// What a courier takes at the door is cash in their hands, whatever their form says.
func TestACourierTakesCashAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 10)
		s.brings(t, 12_000)
		courier := authz.Scope{Actor: id.New(), Business: s.owner.Business, Role: authz.Courier, Now: db.Now()}
		o := s.do(t, s.place(t, s.brought(1)), order.Move{Act: order.ActAccept})
		o = s.do(t, o, order.Move{Act: order.ActHandOver, Courier: courier.Actor})
		if _, err := s.orders.Do(t.Context(), courier, o.ID, order.Move{Act: order.ActDeliver, Receiver: "Rini", Relation: "self", Method: payment.Transfer}); err != nil {
			t.Fatal(err)
		}
		if err := db.View(t.Context(), s.owner, func(tx *store.Tx) error {
			held, err := s.books.Balance(t.Context(), tx, s.owner, ledger.CourierCash, courier.Actor)
			if held != 30_000 {
				t.Errorf("in hand = %d; want 30000", held)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		sound(t, db)
	})
}

// A parcel goes to somebody of the shop who may bring it, or to nobody named.
func TestParcelsGoToPeopleOfTheShop(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 10)
		s.brings(t, 12_000)
		ours := id.New()
		s.orders.Brings = bringsOnly(ours)
		o := s.do(t, s.place(t, s.brought(1)), order.Move{Act: order.ActAccept})
		_, err := s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: order.ActHandOver, Courier: id.New()})
		if f := fault.Of(err); f == nil || f.Field("courier") == nil {
			t.Errorf("handed to a stranger: %v", err)
		}
		_, err = s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: order.ActPay, Method: payment.COD, Amount: 1_000, Courier: id.New()})
		if f := fault.Of(err); f == nil || f.Field("courier") == nil {
			t.Errorf("money with a stranger: %v", err)
		}
		o = s.do(t, o, order.Move{Act: order.ActHandOver, Courier: ours})
		o = s.do(t, o, order.Move{Act: order.ActFail, Reason: "nobody_home"})
		if _, err = s.orders.Do(t.Context(), s.owner, o.ID, order.Move{Act: order.ActRetry, Courier: id.New()}); err == nil {
			t.Error("brought again by a stranger")
		}
		s.do(t, o, order.Move{Act: order.ActRetry})
	})
}

// A buyer who left out the few rupiah of the code has paid.
func TestATransferWithoutItsCodePays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 10)
		d := s.draft(1)
		d.PayBy = payment.Transfer
		o := s.place(t, d)
		o = s.do(t, o, order.Move{Act: order.ActPay, Method: payment.Transfer, Amount: 18_000})
		if o.PayState != order.Paid || o.Code != 0 || o.Total != 18_000 {
			t.Errorf("paid = %s, code %d, total %d", o.PayState, o.Code, o.Total)
		}
		o = s.do(t, o, order.Move{Act: order.ActAccept})
		s.do(t, o, order.Move{Act: order.ActCollect})
		if sums, err := s.books.Between(t.Context(), s.owner, time.Time{}, db.Now().Add(time.Hour)); err != nil || sums[ledger.UniqueCode] != 0 || sums[ledger.Receivable] != 0 {
			t.Errorf("books = %v, %v", sums, err)
		}
		sound(t, db)
	})
}

// Who is erased is gone from the photos too.
func TestErasingTakesTheProofsAway(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db, 10)
		d := s.draft(1)
		d.PayBy = payment.Transfer
		o := s.place(t, d)
		pic, err := s.blobs.ReadPrivate(t.Context(), photo(t))
		if err != nil {
			t.Fatal(err)
		}
		if o, err = s.orders.DoByLink(t.Context(), s.orders.Link(o), order.Move{Act: order.ActClaim, Picture: &pic}); err != nil {
			t.Fatal(err)
		}
		proof := o.Proof
		open := func() error {
			return db.View(t.Context(), s.owner, func(tx *store.Tx) error {
				_, err := s.blobs.OpenPrivate(t.Context(), tx, s.owner, o.ID, proof)
				return err
			})
		}
		if err := open(); err != nil {
			t.Fatal(err)
		}
		s.orders.Customers.OnErase = s.orders.Erase
		if err := s.orders.Customers.Erase(t.Context(), s.owner, o.Customer); err != nil {
			t.Fatal(err)
		}
		if err := open(); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("the proof of who was erased: %v", err)
		}
		sound(t, db)
	})
}

// An order takes so many photos and no more: they weigh on the shop.
func TestAnOrderTakesFewPhotos(t *testing.T) {
	db := storetest.SQLite(t)
	s := newShop(t, db, 10)
	d := s.draft(1)
	d.PayBy = payment.Transfer
	o := s.place(t, d)
	pic, err := s.blobs.ReadPrivate(t.Context(), photo(t))
	if err != nil {
		t.Fatal(err)
	}
	for n := range order.MaxPhotos + 1 {
		_, err = s.orders.DoByLink(t.Context(), s.orders.Link(o), order.Move{Act: order.ActClaim, Picture: &pic})
		if (err != nil) != (n == order.MaxPhotos) {
			t.Fatalf("photo %d: %v", n+1, err)
		}
	}
	if !errors.Is(err, order.ErrPhotos) {
		t.Errorf("one too many: %v", err)
	}
}

func bringsOnly(one id.ID) func(context.Context, *store.Tx, authz.Scope, id.ID) (bool, error) {
	return func(_ context.Context, _ *store.Tx, _ authz.Scope, person id.ID) (bool, error) {
		return person == one, nil
	}
}

func photo(t testing.TB) io.Reader {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 400, 400)), nil); err != nil {
		t.Fatal(err)
	}
	return &b
}
