package directory

import (
	"slices"
	"testing"
)

func TestFold(t *testing.T) {
	for in, want := range map[string][]string{
		"Keripik Singkong, 250 g": {"keripik", "singkong", "250", "g"},
		"Café  ÉCLAIR":            {"cafe", "eclair"},
		"qqkshop \"or\" NEAR(a)":  {"or", "near", "a"},
		"":                        nil,
	} {
		if got := fold(in); !slices.Equal(got, want) {
			t.Errorf("fold(%q) = %q, want %q", in, got, want)
		}
	}
}

// Misspellings as people make them lead to the word that was meant.
func TestMisspellingsMeet(t *testing.T) {
	uses := map[string]int64{"keripik": 40, "kerupuk": 30, "kopi": 20, "sambal": 9, "rengginang": 5, "batik": 12, "singkong": 8, "bandung": 50, "dodol": 4}
	for typed, want := range map[string]string{
		"kripik": "keripik", "keripk": "keripik", "keirpik": "keripik", "kopy": "kopi", "sambel": "sambal", "renginang": "rengginang",
		"batiq": "batik", "singkog": "singkong", "bandug": "bandung", "dodool": "dodol", "xyzzy": "", "kopikopi": "",
	} {
		reach := map[string]int64{}
		for w, n := range uses {
			for _, a := range near(typed) {
				if slices.Contains(near(w), a) {
					reach[w] = n
				}
			}
		}
		if got := closest(typed, reach); got != want {
			t.Errorf("%q leads to %q, want %q (of %v)", typed, got, want, reach)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"kopi", "kopi", 0}, {"kopi", "kpoi", 1}, {"kopi", "kop", 1}, {"kopi", "kapi", 1}, {"kopi", "teh", 3}} {
		if got := distance(c.a, c.b, 2); got != c.want && (c.want <= 2 || got <= 2) {
			t.Errorf("distance(%s, %s) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// A place is compared by whole segments.
func TestPlaceMarks(t *testing.T) {
	got := placeMarks("32.05.01.2001")
	want := []string{"qqp32", "qqp3205", "qqp320501", "qqp3205012001"}
	if !slices.Equal(got, want) {
		t.Errorf("placeMarks = %q, want %q", got, want)
	}
	if len(lists("T1", "32.05.01.2001")) != 10 {
		t.Errorf("lists = %q", lists("T1", "32.05.01.2001"))
	}
}

func TestScorePutsTheTitleFirst(t *testing.T) {
	words := []string{"keripik"}
	exact := score([]string{"keripik", "singkong"}, words, 0)
	later := score([]string{"paket", "keripik"}, words, 0)
	begins := score([]string{"keripiku"}, words, 0)
	elsewhere := score([]string{"sambal"}, words, 3)
	if exact <= later || later <= begins || begins <= elsewhere {
		t.Errorf("scores %d, %d, %d, %d; want them to fall", exact, later, begins, elsewhere)
	}
}
