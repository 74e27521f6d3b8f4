package business

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lapak/internal/fault"
)

// Bounds of a shop's address.
const (
	MinSlug = 3
	MaxSlug = 40
)

// reserved are addresses that no shop may have: they look like pages of ours or
// like somebody official.
var reserved = words(`admin administrator akun api app bantuan beranda blog bupati daftar dinas diskominfo disdagin
	demo foto gubernur hari-ini help home id info jabar jawa-barat karyawan kasir keluar kontak kurir lainnya lapak login logout lupa
	mail masuk moderator mulai ongkir owner pelanggan pembayaran pemerintah pemilik pemprov pengaturan pesan pesanan petugas pin polisi
	privasi produk provinsi qris resmi riwayat robots root serah sitemap static stok support syarat system test toko undangan user usaha
	voucher walikota web wilayah www`)

func words(list string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(list) {
		all[w] = true
	}
	return all
}

// Fold makes an address out of a name: "Dapur Bu Énéng & Co." is
// "dapur-bu-eneng-co". It may come out empty, when the name has no letters of ours.
func Fold(name string) string { return fold(name, MaxSlug) }

func fold(name string, most int) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(name) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' || r == '`':
			continue
		case r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(unicode.ToLower(r))
		default:
			gap = true
		}
		if b.Len() >= most {
			break
		}
	}
	s := b.String()
	if len(s) > most {
		s = s[:most]
	}
	return strings.Trim(s, "-")
}

// CheckSlug returns the fault of an address that no shop may have.
func CheckSlug(s string) error {
	switch {
	case len(s) < MinSlug:
		return fault.New(fault.Invalid, "business.slug_short", MinSlug)
	case len(s) > MaxSlug:
		return fault.New(fault.Invalid, "form.too_long", MaxSlug)
	case s != Fold(s):
		return fault.New(fault.Invalid, "business.slug_letters")
	case reserved[s]:
		return fault.New(fault.Invalid, "business.slug_reserved")
	}
	return nil
}

// suggestions lists addresses to try for a shop of this name in this district,
// the nicest first. tail makes the last ones all but certainly free.
func suggestions(name, district, regency, tail string) []string {
	base := Fold(name)
	if len(base) < MinSlug || reserved[base] {
		base = strings.Trim("toko-"+base, "-")
	}
	cut := func(s string) string {
		if len(s) > MaxSlug {
			s = s[:MaxSlug]
		}
		return strings.Trim(s, "-")
	}
	with := func(end string) string {
		head := base
		if max := MaxSlug - len(end) - 1; len(head) > max {
			head = head[:max]
		}
		return strings.Trim(head, "-") + "-" + end
	}
	out := []string{cut(base)}
	for _, place := range []string{district, regency} {
		if f := Fold(place); f != "" && len(f) < MaxSlug/2 && !strings.Contains(base, f) {
			out = append(out, with(f))
		}
	}
	for n := 2; n <= 6; n++ {
		out = append(out, with(strconv.Itoa(n)))
	}
	return append(out, with(tail))
}
