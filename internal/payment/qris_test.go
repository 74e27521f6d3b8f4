package payment

import (
	"bytes"
	"errors"
	"image/png"
	"strings"
	"testing"
)

const (
	static  = "00020101021126680016ID.CO.CONTOH.WWW011893600000000000001702150000000000000170303UMI51440014ID.CO.QRIS.WWW0215ID10200000000170303UMI5204581253033605802ID5914WARUNG BU SITI6007BANDUNG610540111630431AA"
	dynamic = "00020101021226680016ID.CO.CONTOH.WWW011893600000000000001702150000000000000170303UMI51440014ID.CO.QRIS.WWW0215ID10200000000170303UMI5204581253033605405250005802ID5914WARUNG BU SITI6007BANDUNG61054011163044922"
	billed  = "00020101021226680016ID.CO.CONTOH.WWW011893600000000000001702150000000000000170303UMI51440014ID.CO.QRIS.WWW0215ID10200000000170303UMI5204581253033605405250175802ID5914WARUNG BU SITI6007BANDUNG61054011162120108LPK-00426304DD10"
	tip     = "00020101021226680016ID.CO.CONTOH.WWW011893600000000000001702150000000000000170303UMI51440014ID.CO.QRIS.WWW0215ID10200000000170303UMI520458125303360540525000550202560410005802ID5914WARUNG BU SITI6007BANDUNG61054011163044C8B"
	percent = "00020101021226680016ID.CO.CONTOH.WWW011893600000000000001702150000000000000170303UMI51440014ID.CO.QRIS.WWW0215ID10200000000170303UMI52045812530336054052500055020357032.55802ID5914WARUNG BU SITI6007BANDUNG610540111630493BE"
)

func TestCRC(t *testing.T) {
	if got := crc("123456789"); got != "29B1" {
		t.Errorf("crc = %s, want 29B1", got)
	}
}

func TestParseQRISReadsAndWritesAlike(t *testing.T) {
	for name, s := range map[string]string{"static": static, "dynamic": dynamic, "billed": billed, "tip": tip, "percent": percent} {
		c, err := ParseQRIS("  " + s + "\n")
		if err != nil || c.String() != s || c.Merchant() != "WARUNG BU SITI" || c.City() != "BANDUNG" || c.NMID() != "ID1020000000017" {
			t.Errorf("%s: %v, %v", name, c, err)
		}
		if c.Dynamic() != (name != "static") {
			t.Errorf("%s: Dynamic = %v", name, c.Dynamic())
		}
	}
}

func TestWithAmount(t *testing.T) {
	c, err := ParseQRIS(static)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		sum        int64
		bill, want string
	}{{25_000, "", dynamic}, {25_017, "LPK-0042", billed}} {
		got, err := c.With(tc.sum, tc.bill)
		if err != nil || got.String() != tc.want || got.Amount() != tc.sum {
			t.Errorf("With(%d, %q) = %v, %v; want %s", tc.sum, tc.bill, got, err, tc.want)
		}
	}
	from, err := ParseQRIS(tip)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := from.With(25_000, ""); err != nil || got.String() != dynamic {
		t.Errorf("a tip stays: %v, %v", got, err)
	}
	for _, sum := range []int64{0, -1, MaxQRISAmount + 1} {
		if _, err := c.With(sum, ""); !errors.Is(err, ErrQRISMax) {
			t.Errorf("With(%d) = %v", sum, err)
		}
	}
}

func TestParseQRISRefuses(t *testing.T) {
	sum := func(s string) string { return s + crc(s) }
	for name, s := range map[string]string{
		"empty":           "",
		"one digit other": strings.Replace(static, "5812", "5813", 1),
		"a wrong length":  sum(strings.Replace(static[:len(static)-4], "26680016", "26660016", 1)),
		"cut":             static[:len(static)-8],
		"dollars":         sum(strings.Replace(static[:len(static)-4], "5303360", "5303840", 1)),
		"Malaysia":        sum(strings.Replace(static[:len(static)-4], "5802ID", "5802MY", 1)),
		"an address":      "https://contoh.id/toko/bayar/sekarang/saja",
		"lower-case sum":  static[:len(static)-4] + "31aa",
		"a line break":    static[:60] + "\n" + static[60:],
		"too long":        strings.Repeat("0002", 200),
	} {
		if c, err := ParseQRIS(s); err == nil {
			t.Errorf("%s was read: %v", name, c)
		}
	}
}

func TestPictureIsAPicture(t *testing.T) {
	c, err := ParseQRIS(billed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := c.Picture(4)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil || img.Bounds().Dx() < 200 {
		t.Errorf("Picture: %v, %v", img.Bounds(), err)
	}
}

func FuzzParseQRIS(f *testing.F) {
	for _, s := range []string{static, dynamic, billed, tip, percent, "", "000201"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseQRIS(s)
		if err != nil {
			return
		}
		if c.String() != strings.TrimSpace(s) {
			t.Fatalf("String = %q, want %q", c, s)
		}
		d, err := c.With(25_000, "LPK-0042")
		if err != nil || d.Amount() != 25_000 || d.Merchant() != c.Merchant() || d.NMID() != c.NMID() {
			t.Fatalf("With = %v, %v", d, err)
		}
	})
}
