package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/outbox"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// carried is a shop with a courier who has parcels with them.
type carried struct {
	shop
	rider authz.Scope
	door  person // the courier's browser
	boxes []parcel.Parcel

	number string // the courier's phone
}

// carry makes a shop whose courier sets out with n parcels of Rp23.000.
func (s site) carry(t *testing.T, name string, n int) carried {
	t.Helper()
	c := carried{shop: s.shop(t, name, 50)}
	number := newPhone()
	c.door, c.rider = s.plant(t, account.Planted{Name: "Dadan Hidayat", Phone: parsed(t, number), Role: authz.Courier, Business: c.sc.Business})
	c.number = number
	c.door.signIn(number)
	buyer := s.person(t)
	for i := range n {
		o := buyer.cod(t, s, c.shop, "1", fmt.Sprintf("Pembeli %02d", i), newPhone())
		list, err := s.Parcels.Of(t.Context(), c.sc, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Parcels.Do(t.Context(), c.sc, list[0].ID, parcel.Move{Act: parcel.ActTake, Courier: c.rider.Actor}); err != nil {
			t.Fatal(err)
		}
		c.boxes = append(c.boxes, list[0])
	}
	return c
}

// done is one thing a courier did at a door.
type done struct {
	kind string
	box  int
	body map[string]string
}

// errands is a run as it went: some take theirs at once, one is not at home
// and takes it later, one refuses, one gives less, one pays by QRIS.
var errands = []done{
	{"parcel.out", 0, nil},
	{"parcel.deliver", 0, map[string]string{"receiver": "Rini", "relation": "self", "amount": "23.000"}},
	{"parcel.fail", 1, map[string]string{"reason": "nobody_home"}},
	{"parcel.deliver", 2, map[string]string{"receiver": "Pak RT", "relation": "neighbour", "amount": "20.000", "text": "Kurang uang kecil"}},
	{"parcel.fail", 3, map[string]string{"reason": "refused"}},
	{"parcel.out", 1, nil},
	{"parcel.deliver", 1, map[string]string{"receiver": "Siti", "relation": "family", "amount": "50.000"}},
	{"parcel.deliver", 4, map[string]string{"receiver": "Dedi", "relation": "guard", "amount": "23.000", "method": "qris"}},
	{"parcel.fail", 5, map[string]string{"reason": "another_time"}},
	{"parcel.fail", 3, map[string]string{"reason": "wrong_address"}}, // it failed already: refused, and the rest goes on
	{"parcel.deliver", 5, map[string]string{"receiver": "Ani", "relation": "self", "amount": "23.000"}},
}

// acts are the errands as the courier's phone keeps them.
func (c carried) acts(now time.Time) []outbox.Sent {
	device, last := id.New(), id.ID{}
	var list []outbox.Sent
	for i, e := range errands {
		body, _ := json.Marshal(e.body)
		if e.body == nil {
			body = []byte("{}")
		}
		seen, _ := json.Marshal(map[string]string{"status": "picked_up"}) // the page was loaded before the run
		a := outbox.Sent{Business: c.sc.Business, Clock: now, Act: outbox.Act{
			ID: id.New(), Person: c.rider.Actor, Device: device, After: last, Kind: e.kind, Object: c.boxes[e.box].ID,
			At: now.Add(time.Duration(i) * time.Microsecond), Body: body, Seen: seen,
		}}
		list, last = append(list, a), a.ID
	}
	return list
}

// account is all that a run leaves behind, but for ids and times.
func (c carried) account(t *testing.T, s site) string {
	t.Helper()
	var b strings.Builder
	box := map[id.ID]int{}
	for i, p := range c.boxes {
		box[p.ID] = i
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, p := range c.boxes {
		d, err := s.Parcels.Get(t.Context(), c.sc, p.ID)
		must(err)
		fmt.Fprintln(&b, i, d.Status, d.Reason, d.Attempts, d.COD, d.Taken, d.TakenBy, d.Receiver, d.Relation, d.HandedAt != nil, d.DoneAt != nil, d.EndedAt != nil)
		for _, e := range d.Events {
			fmt.Fprintln(&b, " ", e.Act, e.Status, e.Reason, e.Amount, e.Method, e.Receiver, e.Relation, e.Text, e.Source)
		}
		o, err := s.Orders.Get(t.Context(), c.sc, p.Order)
		must(err)
		fmt.Fprintln(&b, " ", o.State, o.PayState, o.Tab, o.Paid, o.Tries, o.Reason, o.Receiver, o.Relation, o.ClaimedAt != nil)
		for _, e := range o.Events {
			fmt.Fprintln(&b, "   ", e.Act, e.From, e.To, e.Reason, e.Amount, e.Method)
		}
	}
	must(s.DB.View(t.Context(), c.sc, func(tx *store.Tx) error {
		list, err := s.Books.Balances(t.Context(), tx, c.sc)
		for _, x := range list {
			who := "-"
			if x.Holder == c.rider.Actor {
				who = "courier"
			}
			fmt.Fprintln(&b, x.Account, who, x.Amount)
		}
		return err
	}))
	fmt.Fprintln(&b, s.free(t, c.shop))
	for table, where := range map[string]string{"payments": "", "ledger_entries": "", "parcel_events": "", "order_events": ""} {
		fmt.Fprintln(&b, s.one(t, c.job(), "SELECT count(*) FROM "+table+" WHERE business_id = $1"+where, c.sc.Business))
	}
	lines := strings.Split(b.String(), "\n")
	tail := lines[len(lines)-5:] // counts come in the order of a map
	slices.Sort(tail)
	return strings.Join(lines, "\n")
}

// online does the errands with a signal, by the same forms.
func (c carried) online(t *testing.T, errands []done) {
	t.Helper()
	blank := c.door.fill(c.door.see("/antaran"), "/antaran/berangkat")
	for _, e := range errands {
		at := "/kirim/" + c.boxes[e.box].ID.String() + "/langkah"
		f := maps.Clone(blank)
		f.Set("act", strings.TrimPrefix(e.kind, "parcel."))
		for k, v := range e.body {
			f.Set(k, v)
		}
		if p := c.door.Post(at, f); p.Status >= 500 {
			t.Fatalf("%s of %d: %d", e.kind, e.box, p.Status)
		}
	}
}

// A run without a signal ends as one with it, in whatever order its acts come
// and however often.
func TestARunWithoutASignalEndsAsOneWithIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		with := s.carry(t, "Dapur Bu Euis", 6)
		with.online(t, errands)
		want := with.account(t, s)
		if !strings.Contains(want, "delivered") || !strings.Contains(want, "attempt_failed") {
			t.Fatalf("the run went nowhere: %s", want)
		}
		rnd := rand.New(rand.NewPCG(7, 11))
		for round := range 3 {
			c := s.carry(t, fmt.Sprintf("Warung %d", round), 6)
			acts := c.acts(db.Now())
			sent := slices.Concat(acts, acts, acts)
			rnd.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
			states := map[id.ID]outbox.State{}
			for _, a := range sent {
				r, err := s.Outbox.Take(t.Context(), c.rider, a)
				if err != nil {
					t.Fatal(err)
				}
				if was := states[a.ID]; was != "" && was != outbox.Parked && was != r.State {
					t.Errorf("the answer changed from %s to %s", was, r.State)
				}
				states[a.ID] = r.State
			}
			if got := c.account(t, s); got != want {
				t.Errorf("round %d ends otherwise:\n%s\nwith a signal:\n%s", round, got, want)
			}
		}
		s.holds(t)
	})
}

// What the shop did meanwhile is not overwritten: both are shown, and a person
// chooses.
func TestAClashAtTheDoorIsAPersonsChoice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		c := s.carry(t, "Dapur Bu Euis", 6)
		acts := c.acts(db.Now())
		if _, err := s.Parcels.Do(t.Context(), c.sc, c.boxes[0].ID, parcel.Move{Act: parcel.ActDeliver, Receiver: "Rini", Relation: "self"}); err != nil {
			t.Fatal(err)
		}
		first := acts[1]
		first.After = id.ID{}
		r, err := s.Outbox.Take(t.Context(), c.rider, first)
		if err != nil || r.State != outbox.Clashed {
			t.Fatalf("the receipt is %+v, %v; want a clash", r, err)
		}
		page := c.door.see("/kotak")
		c.door.says(page, "Diterima Rini", "Terkirim", "Rp23.000")
		if held, err := s.Cash.InHand(t.Context(), c.rider); err != nil || held != 23_000 {
			t.Errorf("the courier holds %d, %v: it counted twice", held, err)
		}
		s.holds(t)
	})
}
