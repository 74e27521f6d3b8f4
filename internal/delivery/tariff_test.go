package delivery

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"lapak/internal/region"
)

func village(t testing.TB, words string) region.Place {
	t.Helper()
	list := region.Search(words, 1, region.Village)
	if len(list) == 0 {
		t.Fatalf("no village %q", words)
	}
	return list[0]
}

func TestCharged(t *testing.T) {
	for _, c := range []struct{ grams, tolerance, want int64 }{
		{0, 300, 1},
		{1, 300, 1},
		{300, 300, 1},
		{1000, 300, 1},
		{1300, 300, 1},
		{1301, 300, 2},
		{2000, 300, 2},
		{2300, 300, 2},
		{2301, 300, 3},
		{1001, 0, 2},
		{10_100, 100, 10},
		{10_101, 100, 11},
	} {
		if got := Charged(c.grams, c.tolerance); got != c.want {
			t.Errorf("Charged(%d, %d) = %d, want %d", c.grams, c.tolerance, got, c.want)
		}
	}
}

func TestFee(t *testing.T) {
	home, far := village(t, "cicalengka kulon"), village(t, "tanjungsari sumedang")
	from := Point{int64(home.Lat * 1e6), int64(home.Lng * 1e6)}
	district, regency := region.Up(home.Code, region.District), region.Up(home.Code, region.Regency)
	km := int64(Distance(from, far, nil)) + 1
	for _, c := range []struct {
		name         string
		t            Tariff
		village      string
		grams, goods int64
		want         int64
		err          error
	}{
		{"flat", Tariff{Kind: Flat, Flat: 8_000}, far.Code, 500, 0, 8_000, nil},
		{"weight", Tariff{Kind: Flat, Flat: 8_000, Included: 1, PerKg: 2_000, Tolerance: 300}, far.Code, 2_301, 0, 12_000, nil},
		{"free", Tariff{Kind: Flat, Flat: 8_000, FreeFrom: 100_000, PerKg: 2_000}, far.Code, 9_000, 100_000, 0, nil},
		{"not yet free", Tariff{Kind: Flat, Flat: 8_000, FreeFrom: 100_000}, far.Code, 0, 99_999, 8_000, nil},
		{"too little", Tariff{Kind: Flat, MinOrder: 50_000}, far.Code, 0, 49_999, 0, ErrLeast},
		{"district before regency", Tariff{Kind: Areas, Areas: []Area{{Code: regency, Fee: 9_000}, {Code: district, Fee: 4_000}}}, home.Code, 0, 0, 4_000, nil},
		{"regency", Tariff{Kind: Areas, Areas: []Area{{Code: regency, Fee: 9_000}}}, home.Code, 0, 0, 9_000, nil},
		{"not listed", Tariff{Kind: Areas, Areas: []Area{{Code: regency, Fee: 9_000}}}, far.Code, 0, 0, 0, ErrFar},
		{"closed", Tariff{Kind: Areas, Areas: []Area{{Code: regency, Fee: 9_000}, {Code: district, Closed: true}}}, home.Code, 0, 0, 0, ErrFar},
		{"closed counts for flat", Tariff{Kind: Flat, Flat: 1_000, Areas: []Area{{Code: district, Closed: true}}}, home.Code, 0, 0, 0, ErrFar},
		{"near zone", Tariff{Kind: Zones, Zones: []Zone{{1, 2_000}, {km, 9_000}}}, home.Code, 0, 0, 2_000, nil},
		{"far zone", Tariff{Kind: Zones, Zones: []Zone{{1, 2_000}, {km, 9_000}}}, far.Code, 0, 0, 9_000, nil},
		{"beyond", Tariff{Kind: Zones, Zones: []Zone{{1, 2_000}}}, far.Code, 0, 0, 0, ErrFar},
		{"no village", Tariff{Kind: Flat}, "99.99", 0, 0, 0, ErrVillage},
	} {
		got, err := c.t.Fee(from, c.village, nil, Load{Grams: c.grams, Goods: c.goods})
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: Fee = %d, %v, want %d, %v", c.name, got, err, c.want, c.err)
		}
	}
}

func TestWeighed(t *testing.T) {
	for _, c := range []struct{ divisor, grams, volume, want int64 }{
		{6000, 1000, 6000, 1000},          // as heavy as it is large
		{6000, 1000, 24_000, 4000},        // 40 x 30 x 20 cm
		{6000, 5000, 24_000, 5000},        // heavier than large
		{4000, 1000, 24_000, 6000},        // by lorry
		{0, 1000, 24_000, 1000},           // size does not count
		{6000, 0, 1, 1},                   // never lighter than it is
		{6000, 0, 7000, 1167},             // rounded up to the gram
		{6000, 0, 5e16, 8333333333333334}, // the most that an order can be
	} {
		if got := (Tariff{Divisor: c.divisor}).Weighed(Load{Grams: c.grams, Volume: c.volume}); got != c.want {
			t.Errorf("Weighed(%d g, %d cm3) / %d = %d, want %d", c.grams, c.volume, c.divisor, got, c.want)
		}
	}
}

func TestReckonSaysWhy(t *testing.T) {
	home, far := village(t, "cicalengka kulon"), village(t, "tanjungsari sumedang")
	from := Point{int64(home.Lat * 1e6), int64(home.Lng * 1e6)}
	km := int64(Distance(from, far, nil)) + 1
	steps := []Step{{2, 0}, {5, 4_000}, {10, 9_000}}
	for _, c := range []struct {
		name string
		t    Tariff
		l    Load
		want Reckoning
	}{
		{"zone and kilograms", Tariff{Kind: Zones, Zones: []Zone{{1, 2_000}, {km, 9_000}}, Included: 1, PerKg: 2_000, Tolerance: 300}, Load{Grams: 2_301}, Reckoning{Fee: 13_000, Base: 9_000, Zone: 2, Upto: km, Grams: 2_301, Kg: 3, Over: 2}},
		{"area", Tariff{Kind: Areas, Areas: []Area{{region.Up(far.Code, region.District), 7_000, false}}}, Load{Grams: 900}, Reckoning{Fee: 7_000, Base: 7_000, Area: region.Up(far.Code, region.District), Grams: 900}},
		{"first step", Tariff{Kind: Flat, Flat: 5_000, Steps: steps, Tolerance: 300}, Load{Grams: 2_300}, Reckoning{Fee: 5_000, Base: 5_000, Grams: 2_300, Kg: 2, Step: 2}},
		{"second step", Tariff{Kind: Flat, Flat: 5_000, Steps: steps, Tolerance: 300, Included: 9}, Load{Grams: 2_301}, Reckoning{Fee: 9_000, Base: 5_000, Grams: 2_301, Kg: 3, Step: 5, Extra: 4_000}},
		{"above the last step", Tariff{Kind: Flat, Flat: 5_000, Steps: steps, PerKg: 1_000}, Load{Grams: 12_000}, Reckoning{Fee: 16_000, Base: 5_000, Grams: 12_000, Kg: 12, Step: 10, Extra: 9_000, Over: 2}},
		{"above it for nothing", Tariff{Kind: Flat, Flat: 5_000, Steps: steps}, Load{Grams: 12_000}, Reckoning{Fee: 14_000, Base: 5_000, Grams: 12_000, Kg: 12, Step: 10, Extra: 9_000}},
		{"size", Tariff{Kind: Flat, Flat: 5_000, PerKg: 1_000, Included: 1, Divisor: 6000}, Load{Grams: 500, Volume: 24_000}, Reckoning{Fee: 8_000, Base: 5_000, Grams: 4_000, Size: true, Kg: 4, Over: 3}},
		{"free", Tariff{Kind: Flat, Flat: 5_000, PerKg: 1_000, FreeFrom: 100}, Load{Grams: 9_000, Goods: 100}, Reckoning{Base: 5_000, Grams: 9_000, Free: true}},
	} {
		got, err := c.t.Reckon(from, far.Code, nil, c.l)
		got.Km = 0
		if err != nil || got != c.want {
			t.Errorf("%s: Reckon = %+v, %v, want %+v", c.name, got, err, c.want)
		}
	}
}

func TestFeeProperties(t *testing.T) {
	home := village(t, "cicalengka kulon")
	from := Point{int64(home.Lat * 1e6), int64(home.Lng * 1e6)}
	rapid.Check(t, func(r *rapid.T) {
		money := func(name string) int64 { return rapid.Int64Range(0, 1_000_000).Draw(r, name) }
		tariff := Tariff{
			Kind: rapid.SampledFrom(Kinds).Draw(r, "kind"), Flat: money("flat"), FreeFrom: money("free"), PerKg: money("perkg"),
			Included: rapid.Int64Range(0, 20).Draw(r, "included"), Tolerance: rapid.Int64Range(0, 999).Draw(r, "tolerance"),
			Areas: []Area{{Code: region.Up(home.Code, region.Regency), Fee: money("area")}}, Zones: []Zone{{Km: 5, Fee: money("zone")}},
		}
		step := Step{}
		for range rapid.IntRange(0, 5).Draw(r, "steps") {
			step.Kg += rapid.Int64Range(1, 40).Draw(r, "kg")
			step.Extra += money("extra")
			tariff.Steps = append(tariff.Steps, step)
		}
		goods, grams, more := money("goods"), rapid.Int64Range(0, 500_000).Draw(r, "grams"), rapid.Int64Range(0, 500_000).Draw(r, "more")
		volume, larger := rapid.Int64Range(0, 4_000_000).Draw(r, "volume"), rapid.Int64Range(0, 4_000_000).Draw(r, "larger")
		tariff.Divisor = rapid.SampledFrom([]int64{0, 4000, 5000, 6000}).Draw(r, "divisor")
		light, err := tariff.Fee(from, home.Code, nil, Load{Grams: grams, Volume: volume, Goods: goods})
		if err != nil {
			r.Fatal(err)
		}
		heavy, err := tariff.Fee(from, home.Code, nil, Load{Grams: grams + more, Volume: volume + larger, Goods: goods})
		if err != nil {
			r.Fatal(err)
		}
		if light < 0 || heavy < light {
			r.Fatalf("fee falls with weight: %d g costs %d, %d g costs %d", grams, light, grams+more, heavy)
		}
		if tariff.FreeFrom > 0 && goods >= tariff.FreeFrom && heavy != 0 {
			r.Fatalf("%d of goods cost %d to bring, free from %d", goods, heavy, tariff.FreeFrom)
		}
		if least := tariff.least(goods); light < least {
			r.Fatalf("fee %d is below the least %d", light, least)
		}
	})
}
