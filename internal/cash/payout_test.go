package cash_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/cash"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/stock"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func (s *shop) upload(t testing.TB, text string) (id.ID, error) {
	t.Helper()
	return s.cash.Upload(t.Context(), s.owner, id.New(), "jne-november.csv", bytes.NewReader([]byte(text)), int64(len(text)))
}

func (s *shop) verdicts(t testing.TB, payout id.ID) (list []cash.Verdict) {
	t.Helper()
	p, err := s.cash.Payout(t.Context(), s.owner, payout)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range p.Lines {
		list = append(list, l.Verdict)
	}
	return list
}

func TestPayoutsAreBookedOnceAndByMatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		jne := parcel.HolderOf("jne")
		for n := range 3 {
			s.delivered(t, s.courier, fmt.Sprintf("JNE00000000%d", n))
		}
		if n := s.balance(t, ledger.CourierCash, jne); n != 69_000 {
			t.Fatalf("the carrier holds %d", n)
		}
		const head = "Resi,Nilai COD,Potongan,Diterima\n"
		text := head + "JNE000000000,23000,920,22080\nJNE000000001,22000,880,21120\nJNE000000000,23000,920,22080\nJNE999999999,5000,200,4800\nRINI,1,0,1\n"
		payout, err := s.upload(t, text)
		if err != nil {
			t.Fatal(err)
		}
		want := []cash.Verdict{cash.Match, cash.Differs, cash.Twice, cash.Unknown, cash.Bad}
		if got := s.verdicts(t, payout); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("verdicts: %v, want %v", got, want)
		}
		if n := s.balance(t, ledger.Bank, id.ID{}); n != 0 {
			t.Errorf("reading a file booked %d", n)
		}
		if again, err := s.upload(t, text); !errors.Is(err, cash.ErrSameFile) || again != payout {
			t.Errorf("the same file again: %v, %v", again, err)
		}
		for n := range 2 {
			if got, err := s.cash.Book(t.Context(), s.owner, payout); err != nil || got != 1-n {
				t.Errorf("booked %d, %v", got, err)
			}
		}
		sums := func(bank, fee, carrier int64) {
			t.Helper()
			if b, f, c := s.balance(t, ledger.Bank, id.ID{}), s.balance(t, ledger.CarrierFee, id.ID{}), s.balance(t, ledger.CourierCash, jne); b != bank || f != fee || c != carrier {
				t.Errorf("bank %d, fee %d, carrier %d; want %d, %d, %d", b, f, c, bank, fee, carrier)
			}
		}
		sums(22_080, 920, 46_000)
		// The same line in another file, and what came too little.
		second, err := s.upload(t, head+"JNE000000000,23000,920,22080\nJNE000000002,23000,920,22080\n")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := s.cash.Book(t.Context(), s.owner, second); err != nil || n != 1 {
			t.Errorf("booked %d, %v", n, err)
		}
		if got := s.verdicts(t, second); got[0] != cash.Paid || got[1] != cash.Booked {
			t.Errorf("verdicts: %v", got)
		}
		sums(44_160, 1_840, 23_000)
		p, err := s.cash.Payout(t.Context(), s.owner, payout)
		if err != nil || p.Waiting != 4 || p.Booked != 1 || p.Net != 22_080 {
			t.Fatalf("Payout = %+v, %v", p, err)
		}
		m := cash.Decision{Payout: payout, N: p.Lines[1].N, Book: true}
		if err := s.cash.Decide(t.Context(), s.owner, m); !on(err, "why", cash.ErrSayWhy) {
			t.Errorf("booked with a difference and no word: %v", err)
		}
		m.Why, m.By = "JNE salah hitung", s.owner.Actor
		for range 2 {
			if err := s.cash.Decide(t.Context(), s.owner, m); err != nil {
				t.Fatal(err)
			}
		}
		sums(65_280, 2_720, 0)
		if n := s.balance(t, ledger.Difference, id.ID{}); n != 1_000 {
			t.Errorf("difference %d", n)
		}
		for _, l := range p.Lines[2:] {
			m := cash.Decision{Payout: payout, N: l.N, Book: true, Why: "Bukan punya kami", By: s.owner.Actor}
			if err := s.cash.Decide(t.Context(), s.owner, m); !errors.Is(err, cash.ErrMoved) {
				t.Errorf("row %d, %s, is booked: %v", l.N, l.Verdict, err)
			}
			m.Book = false
			if err := s.cash.Decide(t.Context(), s.owner, m); err != nil {
				t.Fatal(err)
			}
		}
		c := s.unexplained(t, 0)
		if c.PaidOut != 68_000 || c.Explained != 1_000 || c.Held != 0 || c.Waiting != 1 {
			t.Errorf("the chain: %+v", c)
		}
		if g, err := s.cash.Gaps(t.Context(), s.owner); err != nil || len(g.List) != 1 || g.List[0].Kind != "payout" || g.List[0].Amount != 1_000 {
			t.Errorf("Gaps = %+v, %v", g.List, err)
		}
	})
}

func TestWhatCarriersOweAndSinceWhen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		p := s.delivered(t, s.courier, "JNE000000001")
		s.delivered(t, s.courier, "JNE000000002")
		if err := s.cash.PutTerm(t.Context(), s.owner, "jne", 3); err != nil {
			t.Fatal(err)
		}
		if err := s.cash.PutTerm(t.Context(), s.owner, "tiada", 3); err == nil {
			t.Error("a promise of nobody")
		}
		list, err := s.cash.Debts(t.Context(), s.owner)
		if err != nil || len(list) != 1 {
			t.Fatalf("Debts = %+v, %v", list, err)
		}
		d := list[0]
		if d.Carrier != "jne" || d.Amount != 46_000 || d.Parcels != 2 || d.For[0].ID != p.ID || !d.Due.Equal(p.DoneAt.AddDate(0, 0, 3)) {
			t.Errorf("the debt: %+v", d)
		}
		c := s.unexplained(t, 0)
		if len(c.Carriers) != 1 || c.Carriers[0].Amount != 46_000 || !c.Carriers[0].Since.Equal(*p.DoneAt) || c.Carriers[0].Due == nil {
			t.Errorf("the chain: %+v", c.Carriers)
		}
	})
}

// An order that is ended on its own page leaves the money with who brought it.
func TestTheCarrierHoldsWhatItTookWhoeverSaysSo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newShop(t, db)
		s.delivered(t, s.courier, "JNE000000001")
		q, err := s.orders.Place(t.Context(), authz.Visitor(s.owner.Business), order.Draft{
			ID: id.New(), Channel: order.Web, Lines: []stock.Want{{Variant: s.variant, Quantity: 1}}, Name: "Siti", Phone: "0812 3456 7892", Way: order.Own, Village: village, Street: "Jl. Mawar 1",
			PayBy: payment.COD, SeenTotal: 23_000,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []order.Move{{Act: order.ActAccept}, {Act: order.ActPack}} {
			if _, err := s.orders.Do(t.Context(), s.owner, q.ID, m); err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.parcels.Of(t.Context(), s.owner, q.ID)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		for _, m := range []parcel.Move{{Act: parcel.ActChange, Carrier: "jne", Service: "REG", Waybill: "JNE000000002"}, {Act: parcel.ActTake}} {
			if _, err := s.parcels.Do(t.Context(), s.owner, list[0].ID, m); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.orders.Do(t.Context(), s.owner, q.ID, order.Move{Act: order.ActDeliver, Receiver: "Siti", Relation: "self"}); err != nil {
			t.Fatal(err)
		}
		if n := s.balance(t, ledger.CourierCash, parcel.HolderOf("jne")); n != 46_000 {
			t.Errorf("the carrier holds %d", n)
		}
		s.unexplained(t, 0)
	})
}

// What one shop does says nothing to another, and its codes open nothing there.
func TestShopsHaveChainsOfTheirOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b := newShop(t, db), newShop(t, db)
		a.delivered(t, a.courier, "JNE000000001")
		a.delivered(t, a.courier, "")
		payout, err := a.upload(t, "Resi,COD\nJNE000000001,23000\n")
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := b.upload(t, "Resi,COD\nJNE000000001,23000\n")
		if err != nil || b.verdicts(t, theirs)[0] != cash.Unknown {
			t.Errorf("a waybill of another shop: %v, %v", theirs, err)
		}
		if _, err := b.cash.Payout(t.Context(), b.owner, payout); !errors.Is(err, cash.ErrNotFound) {
			t.Errorf("a file of another shop: %v", err)
		}
		if _, err := b.cash.Book(t.Context(), b.owner, payout); !errors.Is(err, cash.ErrNotFound) {
			t.Errorf("booking a file of another shop: %v", err)
		}
		if err := a.cash.Confirm(t.Context(), a.owner, cash.Take{ID: id.New(), Giver: a.courier.Actor, Amount: 22_000, Mark: "ABCDEF"}); err != nil {
			t.Fatal(err)
		}
		c, err := a.cash.Read(t.Context(), a.owner)
		if err != nil || len(c.Last) != 1 {
			t.Fatal(c, err)
		}
		if err := b.cash.Explain(t.Context(), b.owner, cash.Reason{Handover: c.Last[0].ID, Right: cash.Giver, Why: "x", By: b.owner.Actor}); !errors.Is(err, cash.ErrNotFound) {
			t.Errorf("explaining for another shop: %v", err)
		}
		if c, err := b.cash.Read(t.Context(), b.owner); err != nil || c.Held != 0 || c.Took != 0 || len(c.Last) != 0 {
			t.Errorf("the other shop sees %+v, %v", c, err)
		}
		mine, err := a.cash.Receiving(t.Context(), a.owner)
		other := a.owner
		other.Business = b.owner.Business
		elsewhere, err2 := b.cash.Receiving(t.Context(), other)
		helper, err3 := a.cash.Receiving(t.Context(), a.helper)
		if err := errors.Join(err, err2, err3); err != nil {
			t.Fatal(err)
		}
		if mine.Keys[0].Key == elsewhere.Keys[0].Key || mine.Keys[0].Key == helper.Keys[0].Key || mine.Keys[0].Key == mine.Keys[1].Key {
			t.Error("keys of two shops, people or days are one")
		}
		if _, err := a.cash.Receiving(t.Context(), a.courier); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("a courier has keys: %v", err)
		}
	})
}
