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
		got, err := c.t.Fee(from, c.village, nil, c.grams, c.goods)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: Fee = %d, %v, want %d, %v", c.name, got, err, c.want, c.err)
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
		goods, grams, more := money("goods"), rapid.Int64Range(0, 500_000).Draw(r, "grams"), rapid.Int64Range(0, 500_000).Draw(r, "more")
		light, err := tariff.Fee(from, home.Code, nil, grams, goods)
		if err != nil {
			r.Fatal(err)
		}
		heavy, err := tariff.Fee(from, home.Code, nil, grams+more, goods)
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
