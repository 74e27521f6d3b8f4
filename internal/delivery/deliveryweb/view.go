package deliveryweb

import (
	"fmt"
	"net/url"
	"strconv"

	"lapak/internal/delivery"
	"lapak/internal/money"
	"lapak/internal/region"
)

// typed is a sum as people type it; nothing for zero.
func typed(n int64) string {
	if n == 0 {
		return ""
	}
	return money.Digits(n)
}

// fee is a sum of which zero is one too.
func fee(n int64) string { return money.Digits(n) }

func number(n int64) string { return strconv.FormatInt(n, 10) }

func name(list string, i int, field string) string { return fmt.Sprintf("%s.%d.%s", list, i, field) }

func place(code string) string {
	p, _ := region.Get(code)
	return p.Label()
}

// rows are the zones with room for three more.
func rows(list []delivery.Zone) []delivery.Zone {
	out := append([]delivery.Zone{}, list...)
	for range 3 {
		if len(out) < delivery.MaxZones {
			out = append(out, delivery.Zone{})
		}
	}
	return out
}

func zoneFee(z delivery.Zone) string {
	if z.Km == 0 {
		return typed(z.Fee)
	}
	return fee(z.Fee)
}

func tryPath(t trial, p region.Place) string {
	q := url.Values{"ke": {p.Label()}, "kode": {p.Code}, "berat": {number(t.Grams)}, "belanja": {number(t.Goods)}}
	return "/ongkir?" + q.Encode() + "#tes"
}
