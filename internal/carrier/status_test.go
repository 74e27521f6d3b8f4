package carrier

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 30, 5, 0, 0, 0, time.UTC)

func TestStatuses(t *testing.T) {
	final := []Status{Delivered, Returned, Lost, Damaged, Cancelled, Disposed}
	moving := []Status{PickedUp, InTransit, AtHub, OutForDelivery, AttemptFailed, OnHold, Returning}
	if len(Statuses) != 16 || len(Reasons) != 10 {
		t.Errorf("%d states, %d reasons; want 16 and 10", len(Statuses), len(Reasons))
	}
	for i, s := range Statuses {
		if s.Rank() != i || !s.Known() || s.Final() != slices.Contains(final, s) || s.Moving() != slices.Contains(moving, s) {
			t.Errorf("%s: rank %d, final %v, moving %v", s, s.Rank(), s.Final(), s.Moving())
		}
	}
	if s := Status("teleported"); s.Known() || s.Final() || s.Moving() || s.Rank() != -1 || s.Follows(Draft) || s.Follows("") {
		t.Error("an unknown state counts for something")
	}
	if !Weather.Known() || Reason("").Known() {
		t.Error("reasons")
	}
}

func TestFollows(t *testing.T) {
	for _, c := range []struct {
		from, to Status
		want     bool
	}{
		{Draft, Ready, true},
		{Ready, Draft, false},
		{InTransit, Delivered, true},
		{Delivered, InTransit, false},
		{Delivered, AttemptFailed, false},
		{Delivered, Returned, true},
		{Returned, Delivered, true},
		{Returned, Returning, false},
		{Lost, InTransit, true},
		{Cancelled, PickedUp, true},
		{AttemptFailed, OutForDelivery, true},
		{OnHold, AtHub, true},
		{Disposed, OnHold, false},
	} {
		if got := c.to.Follows(c.from); got != c.want {
			t.Errorf("%s after %s: %v, want %v", c.to, c.from, got, c.want)
		}
	}
}

// A parcel stands where what happened last left it, in whatever order it is told.
func TestCurrentGoesByWhenThingsHappened(t *testing.T) {
	at := func(minutes int, s Status) Event {
		return Event{At: noon.Add(time.Duration(minutes) * time.Minute), Status: s}
	}
	for name, c := range map[string]struct {
		events []Event
		want   Status
	}{
		"none":                      {nil, ""},
		"late scan":                 {[]Event{at(10, Delivered), at(5, OutForDelivery)}, Delivered},
		"stray scan after the end":  {[]Event{at(10, Delivered), at(15, AtHub)}, Delivered},
		"came back after all":       {[]Event{at(10, Delivered), at(600, Returned)}, Returned},
		"a second try":              {[]Event{at(10, AttemptFailed), at(60, OutForDelivery)}, OutForDelivery},
		"found again":               {[]Event{at(10, Lost), at(60, InTransit)}, InTransit},
		"cancelled before an older": {[]Event{at(10, Cancelled), at(9, PickupRequested)}, Cancelled},
		"one minute":                {[]Event{at(10, OutForDelivery), at(10, PickedUp), at(10, InTransit)}, OutForDelivery},
		"unknown words":             {[]Event{at(10, PickedUp), at(20, "")}, PickedUp},
		"only unknown words":        {[]Event{at(20, "")}, ""},
		"a draft afterwards":        {[]Event{at(10, Ready), at(20, Draft)}, Ready},
		"without a time":            {[]Event{{Status: PickedUp}, at(10, Ready)}, Ready},
		"an end without a time":     {[]Event{{Status: Delivered}, at(10, Ready)}, Delivered},
	} {
		now, ok := Current(c.events)
		slices.Reverse(c.events)
		back, _ := Current(c.events)
		if now.Status != c.want || back.Status != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, backwards %q; want %q", name, now.Status, back.Status, c.want)
		}
	}
}

// Whatever the order, and however often each is told: the same state, and the
// one that is kept step by step is the one of the whole.
func TestCurrentIsTheSameInAnyOrder(t *testing.T) {
	one := rapid.Custom(func(t *rapid.T) Event {
		e := Event{Status: rapid.SampledFrom(append(slices.Clone(Statuses), "", "teleported")).Draw(t, "status")}
		if m := rapid.IntRange(0, 6).Draw(t, "minute"); m > 0 {
			e.At = noon.Add(time.Duration(m) * time.Minute)
		}
		return e
	})
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(one, 0, 12).Draw(t, "events")
		want, _ := Current(events)
		told := append(slices.Clone(events), events...)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(told), func(i, j int) { told[i], told[j] = told[j], told[i] })
		got, _ := Current(told)
		if got.Status != want.Status && (got.Status.Known() || want.Status.Known()) {
			t.Fatalf("%v stands at %q, shuffled at %q", events, want.Status, got.Status)
		}
		for _, e := range events {
			if e.Status.Final() && e.At.After(got.At) && e.Status != got.Status && !got.Status.Final() {
				t.Fatalf("%s at %v lost to the earlier %s at %v", e.Status, e.At, got.Status, got.At)
			}
			if e.Status.class() == 2 && got.Status.class() != 2 {
				t.Fatalf("%s lost to %s", e.Status, got.Status)
			}
		}
	})
}

func TestReceivedAndKey(t *testing.T) {
	e := Event{Status: PickedUp, Words: "x"}
	if got := e.Received(noon); !got.At.Equal(noon) {
		t.Errorf("without a time: %v", got.At)
	}
	e.At = noon.Add(time.Hour)
	if got := e.Received(noon); !got.At.Equal(noon) {
		t.Errorf("a time ahead: %v", got.At)
	}
	e.At = noon.Add(-time.Hour)
	if got := e.Received(noon); got != e {
		t.Errorf("a time behind: %v", got.At)
	}
	other := e
	other.At = e.At.In(time.FixedZone("WIB", 7*3600))
	if e.Key() != other.Key() {
		t.Error("the key depends on the zone")
	}
	other.Words = "y"
	if e.Key() == other.Key() {
		t.Error("the key does not depend on the words")
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{"  a\n\tb ": "a b", "x\u202ey\u0000z": "x y z", "\xff": "?", "abcdefgh": "abcdef", "äöüß…12": "äöüß…1", "abcde fgh": "abcde"} {
		if got := Clean(in, 6); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// Every state, reason and group has words in both languages.
func TestWordsAreWhole(t *testing.T) {
	for _, file := range []string{"id.json", "en.json"} {
		raw, err := Words.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]string
		if err := json.Unmarshal(raw, &words); err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, s := range Statuses {
			keys = append(keys, "carrier.status."+string(s))
		}
		for _, r := range Reasons {
			keys = append(keys, "carrier.reason."+string(r))
		}
		for _, g := range Groups {
			keys = append(keys, "carrier.group."+string(g))
		}
		for _, k := range keys {
			if words[k] == "" {
				t.Errorf("%s: no words for %s", file, k)
			}
		}
	}
}
