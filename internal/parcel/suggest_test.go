package parcel

import (
	"testing"

	"pgregory.net/rapid"

	"lapak/internal/carrier"
	"lapak/internal/id"
)

func at(lat, lng int64) Parcel {
	return Parcel{ID: id.New(), Carrier: Own, Status: carrier.Ready, LatE6: &lat, LngE6: &lng}
}

// Parcels of one place go with who is there; two places go with two couriers.
func TestNeighboursGoWithOneCourier(t *testing.T) {
	ujang, dadan := id.New(), id.New()
	north, south := at(-6_850_000, 107_600_000), at(-7_200_000, 107_900_000)
	stop := at(-6_851_000, 107_601_000)
	stop.Courier = ujang
	second := at(-7_201_000, 107_901_000)
	got := suggest([]Parcel{south, north, second}, []Parcel{stop}, []id.ID{dadan, ujang})
	if got[north.ID] != ujang || got[south.ID] != dadan || got[second.ID] != dadan {
		t.Errorf("north with Ujang %v, south with Dadan %v, its neighbour too %v", got[north.ID] == ujang, got[south.ID] == dadan, got[second.ID] == dadan)
	}
	taken := north
	taken.Courier = dadan
	if got := suggest([]Parcel{taken}, nil, []id.ID{ujang}); len(got) != 0 {
		t.Errorf("a parcel that has somebody: %v", got)
	}
	if got := suggest([]Parcel{north}, nil, nil); len(got) != 0 {
		t.Errorf("nobody can bring it: %v", got)
	}
}

// Everybody gets about the same, and each parcel somebody.
func TestSuggestionsAreFair(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var list []Parcel
		for range rapid.IntRange(0, 25).Draw(r, "parcels") {
			list = append(list, at(rapid.Int64Range(-7_500_000, -6_500_000).Draw(r, "lat"), rapid.Int64Range(106_500_000, 108_500_000).Draw(r, "lng")))
		}
		couriers := make([]id.ID, rapid.IntRange(1, 5).Draw(r, "couriers"))
		for i := range couriers {
			couriers[i] = id.New()
		}
		got := suggest(list, nil, couriers)
		count := map[id.ID]int{}
		for _, c := range got {
			count[c]++
		}
		if len(got) != len(list) {
			r.Fatalf("%d of %d parcels have a suggestion", len(got), len(list))
		}
		for _, n := range count {
			if n > (len(list)+len(couriers)-1)/len(couriers)+2 {
				r.Fatalf("one has %d of %d among %d", n, len(list), len(couriers))
			}
		}
	})
}
