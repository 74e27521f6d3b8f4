package figure_test

import (
	"testing"
	"time"

	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/figure"
	"lapak/internal/id"
)

var noon = time.Date(2026, 11, 30, 5, 0, 0, 0, time.UTC)

func at(hours float64) *time.Time {
	t := noon.Add(time.Duration(hours * float64(time.Hour)))
	return &t
}

// Each figure of a handful of parcels, reckoned by hand.
func TestReckon(t *testing.T) {
	a, b, cost := id.New(), id.New(), int64(9_000)
	const near, far = "32.11.01.2001", "32.11.02.2003"
	r := figure.Reckon(noon,
		figure.Fact{ // in time, first try
			N: 1, Carrier: "own", Courier: a, Village: near, Status: carrier.Delivered, DueUntil: at(-1), PackedAt: at(-8), HandedAt: at(-6), OutAt: at(-5), DoneAt: at(-1),
			COD: 20_000, Taken: 20_000, Fee: 5_000,
		},
		figure.Fact{ // a minute late, second try, money missing
			N: 1, Carrier: "own", Courier: a, Village: far, Status: carrier.Delivered, Attempts: 1, DueUntil: at(-2), HandedAt: at(-10), OutAt: at(-3), DoneAt: at(-2 + 1.0/60),
			COD: 30_000, Taken: 28_000, Fee: 7_000,
		},
		figure.Fact{N: 2, Carrier: "jne", Village: far, Status: carrier.Delivered, HandedAt: at(-50), DoneAt: at(-2), Fee: 7_000, Cost: &cost},                           // second of an order, no promise
		figure.Fact{N: 1, Carrier: "own", Courier: b, Village: near, Status: carrier.Returned, Attempts: 3, DueUntil: at(-20), HandedAt: at(-30), COD: 50_000},           // came back: late
		figure.Fact{N: 1, Carrier: "own", Courier: b, Village: near, Status: carrier.OutForDelivery, DueUntil: at(1), HandedAt: at(-1), OutAt: at(-0.5), COD: 10_000},    // its promise is not over
		figure.Fact{N: 1, Carrier: "own", Courier: b, Village: near, Status: carrier.AttemptFailed, Attempts: 1, DueUntil: at(-0.1), HandedAt: at(-1), OutAt: at(-0.5)},  // its promise is
		figure.Fact{N: 1, Carrier: "own", Courier: b, Village: "", Status: carrier.Delivered, PackedAt: at(-1), HandedAt: at(-2), OutAt: at(-2), DoneAt: at(-3), Fee: 0}, // a phone's clock was wrong
	)
	g := r.All
	if g.Parcels != 7 || g.Delivered != 4 || g.OnTime != (figure.Share{N: 1, Of: 4}) || g.Attempts != (figure.Sum{Total: 1 + 2 + 1 + 3 + 1, N: 5}) {
		t.Errorf("figures = %+v", g)
	}
	if g.Fee != (figure.Sum{Total: 12_000, N: 6}) || g.Cost != (figure.Sum{Total: 9_000, N: 1}) || g.COD != (figure.Sum{Total: 50_000, N: 2}) || g.Missing != (figure.Sum{Total: 2_000, N: 1}) {
		t.Errorf("money = %+v %+v %+v %+v", g.Fee, g.Cost, g.COD, g.Missing)
	}
	for leg, want := range map[figure.Leg][]time.Duration{
		figure.PackedToTaken: {2 * time.Hour},
		figure.TakenToOut:    {0, time.Hour, 7 * time.Hour},
		figure.OutToDone:     {time.Hour + time.Minute, 4 * time.Hour},
		figure.TakenToDone:   {5 * time.Hour, 8*time.Hour + time.Minute, 48 * time.Hour},
	} {
		got := g.Legs[leg]
		ok := len(got) == len(want)
		for i := range want {
			ok = ok && got[i].Round(time.Second) == want[i]
		}
		if !ok {
			t.Errorf("leg %d took %v, want %v", leg, got, want)
		}
	}
	if len(r.Carriers) != 3 || r.Carriers[0].Key != b.String() || r.Carriers[0].Parcels != 4 || r.Carriers[2].Key != "jne" {
		t.Errorf("carriers = %+v", r.Carriers)
	}
	if len(r.Districts) != 3 || r.Districts[0].Key != "32.11.01" || r.Districts[0].Parcels != 4 || r.Districts[1].Missing.Total != 2_000 {
		t.Errorf("districts = %+v", r.Districts)
	}
}

// The median and the ninetieth percentile are those of the nearest rank.
func TestTimesAtAPercent(t *testing.T) {
	var l figure.Times
	if _, ok := l.At(50); ok {
		t.Error("nothing has a median")
	}
	for n := range 10 {
		l = append(l, time.Duration(n+1)*time.Minute)
		want50, want90 := time.Duration((n+2)/2)*time.Minute, time.Duration((9*(n+1)+9)/10)*time.Minute
		a, _ := l.At(50)
		b, _ := l.At(90)
		if a != want50 || b != want90 {
			t.Errorf("of %d: %v, %v, want %v, %v", n+1, a, b, want50, want90)
		}
	}
}

func TestPeriodsAreJudged(t *testing.T) {
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for p, ok := range map[figure.Period]bool{
		{From: day, To: day}: true, {From: day, To: day.AddDate(0, 0, -1)}: false, {From: day, To: day.AddDate(0, 0, figure.MaxDays-1)}: true,
		{From: day, To: day.AddDate(0, 0, figure.MaxDays)}: false, {}: false,
	} {
		if err := p.Validate(); (err == nil) != ok || err != nil && fault.Of(err).Fields["dari"] == nil {
			t.Errorf("%v: %v", p, err)
		}
	}
}
