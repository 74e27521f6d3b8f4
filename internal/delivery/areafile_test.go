package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lapak/internal/fault"
	"lapak/internal/region"
	"lapak/internal/sheet"
)

func TestReadAreas(t *testing.T) {
	read := func(text string) (AreaFile, error) {
		return ReadAreas(context.Background(), strings.NewReader(text), int64(len(text)))
	}
	f, err := read("Daerah;Ongkir;Tutup\n" +
		"Cicalengka, Kab. Bandung;8.000;\n" + // 2
		"32.04.28;Rp 12.500;\n" + // 3
		"3211059999;1000;\n" + // 4: no such place
		"Kota Bandung;;ya\n" + // 5
		"\n" +
		"Kec. Nagreg;gratis;\n" + // 7
		"Bandung;9000;\n" + // 8: which?
		"Atlantis;9000;\n" + // 9
		"Cicalengka, Kab. Bandung;1;\n" + // 10: again
		"Rancaekek;dua ribu;\n" + // 11
		"Rancaekek;;\n" + // 12
		"Rancaekek;1000;mungkin\n" + // 13
		"32;1000;\n" + // 14
		"Tanjungsari, Kec. Tanjungsari, Kab. Sumedang;3000;tidak\n") // 15
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Area{}
	for _, a := range f.Areas {
		p, _ := region.Get(a.Code)
		got[p.Title()] = a
	}
	second, _ := region.Get("32.04.28")
	for name, want := range map[string]Area{
		"Kec. Cicalengka": {Fee: 8_000}, second.Title(): {Fee: 12_500}, "Kota Bandung": {Closed: true}, "Kec. Nagreg": {}, "Tanjungsari": {Fee: 3_000},
	} {
		a, ok := got[name]
		want.Code = a.Code
		if !ok || a != want {
			t.Errorf("%s = %+v, %v, want %+v", name, a, ok, want)
		}
	}
	wrong := map[int]*fault.Error{4: ErrNoPlace, 8: ErrSeveral, 9: ErrNoPlace, 10: ErrRepeated, 11: sheet.ErrMoney, 12: ErrNoFee, 13: ErrYesNo, 14: ErrProvince}
	if len(f.Areas) != 5 || len(f.Bad) != len(wrong) || f.Rows != 13 {
		t.Errorf("%d areas, %d bad of %d rows: %+v", len(f.Areas), len(f.Bad), f.Rows, f.Bad)
	}
	for _, b := range f.Bad {
		if want := wrong[b.Line]; want == nil || !errors.Is(b.Fault, want) || b.Text == "" {
			t.Errorf("row %d (%s) = %v, want %v", b.Line, b.Text, b.Fault, want)
		}
	}
	if f, err := read("Cicalengka, Kab. Bandung,x\n"); !errors.Is(err, ErrNoTable) {
		t.Errorf("a file without fees = %+v, %v, want %v", f, err, ErrNoTable)
	}
	if f, err := read("32.04.25;8.000\n32.04.28;9.000\n"); err != nil || len(f.Areas) != 2 {
		t.Errorf("a file without a header = %+v, %v", f, err)
	}
	if f, err := read("kecamatan,kabupaten,tarif\nTanjungsari,Sumedang,5000\nTanjungsari,Kab. Bogor,7000\n"); err != nil || len(f.Areas) != 2 {
		t.Errorf("a file with towns = %+v, %v", f, err)
	}
}

// What is given out is taken in again as it was, in both forms.
func TestAreasThereAndBack(t *testing.T) {
	var list []Area
	for i, d := range region.Children("32") {
		list = append(list, Area{d.Code, int64(i) * 500, i%5 == 4})
		for _, k := range region.Children(d.Code) {
			list = append(list, Area{k.Code, int64(i)*700 + 1, false})
		}
	}
	for i, a := range list {
		if a.Closed {
			list[i].Fee = 0
		}
	}
	slices.SortFunc(list, func(a, b Area) int { return strings.Compare(a.Code, b.Code) })
	for _, form := range []sheet.Format{sheet.CSV, sheet.XLSX} {
		var b bytes.Buffer
		if err := WriteAreas(&b, form, list); err != nil {
			t.Fatal(err)
		}
		f, err := ReadAreas(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil || len(f.Bad) > 0 || !slices.Equal(f.Areas, list) {
			t.Errorf("%s: %d areas came back, %d bad, %v, want %d", form, len(f.Areas), len(f.Bad), err, len(list))
		}
	}
}

func TestMergeAreas(t *testing.T) {
	was := []Area{{"32.04.25", 1, false}, {"32.04.26", 2, false}, {"32.04.27", 3, false}}
	came := []Area{{"32.04.26", 2, false}, {"32.04.27", 4, false}, {"32.04.28", 5, true}}
	if fresh, changed, same, gone := Counts(was, came, false); fresh != 1 || changed != 1 || same != 1 || gone != 0 {
		t.Errorf("Counts of adding = %d, %d, %d, %d", fresh, changed, same, gone)
	}
	if fresh, changed, same, gone := Counts(was, came, true); fresh != 1 || changed != 1 || same != 1 || gone != 1 {
		t.Errorf("Counts of replacing = %d, %d, %d, %d", fresh, changed, same, gone)
	}
	if got := Merge(was, came, false); len(got) != 4 {
		t.Errorf("Merge = %v", got)
	}
}

// Whatever a row holds, it gives an area that the rules allow or a fault that
// says what to do.
func FuzzParseArea(f *testing.F) {
	for _, s := range []string{"32.04.25\x1f\x1f8.000\x1f", "\x1fCicalengka, Kab. Bandung\x1fRp 12.500\x1fya", "3204250001\x1f\x1f1e3\x1f-", "\x1fKota\x1f-1\x1fx", "\x1f,,,\x1f(5)\x1f", "Bandung\x1f\x1fgratis\x1f"} {
		f.Add(s)
	}
	at := AreaColumns{Code: 0, Name: 1, Town: 4, Fee: 2, Closed: 3}
	f.Fuzz(func(t *testing.T, s string) {
		cells := strings.Split(s, "\x1f")
		for i := range cells {
			cells[i] = sheet.Tidy(cells[i])
		}
		a, err := ParseArea(sheet.Row{Line: 1, Cells: cells}, at, sheet.Dots)
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("ParseArea(%q) = %v, which is no fault", s, err)
			}
			return
		}
		st := Initial()
		st.Areas = []Area{a}
		if err := st.Validate(); err != nil {
			t.Fatalf("ParseArea(%q) = %+v, which is not valid: %v", s, a, err)
		}
		again, err := ParseArea(sheet.Row{Cells: []string{a.Code, "", fmt.Sprint(a.Fee), map[bool]string{true: "ya"}[a.Closed]}}, at, sheet.Dots)
		if err != nil || again.Code != a.Code || again.Closed != a.Closed || !a.Closed && again.Fee != a.Fee {
			t.Fatalf("%+v reads back as %+v, %v", a, again, err)
		}
	})
}
