package storefrontweb

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/i18n"
	"lapak/internal/money"
	"lapak/internal/phone"
	"lapak/internal/storefront"
	"lapak/internal/ui"
)

// t says a message in the language of the page.
func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }

type shopView struct {
	storefront.Front
	page       ui.Page
	state      stateView
	cart       cartView
	words      string
	category   string
	searchable bool
	url        string // the shop's own, with host
	ask, share string
	trade      string
	place      string
	hours      []hoursView
}

// hoursView is one line of opening hours.
type hoursView struct{ Label, Value string }

// stateView says in words how the shop stands now.
type stateView struct{ Kind, Head, Note string }

// cartView is what the bar at the foot says of the cart.
type cartView struct {
	Count, Total int64
	Link         string
}

type variantView struct {
	ID, Label    string
	Chosen, Gone bool
}

type productView struct {
	storefront.Detail
	page       ui.Page
	state      stateView
	cart       cartView
	chosen     string
	url        string
	ask, share string
	place      string
}

func path(slug string) string { return "/@" + slug }

func productPath(slug, product string) string { return path(slug) + "/p/" + product }

func query(slug string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path(slug)
	}
	return path(slug) + "?" + q.Encode()
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

// initial is the first letter of a name, where a picture would be.
func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "L"
}

// paragraphs parts an owner's text at empty lines, and those into lines.
func paragraphs(s string) [][]string {
	var all [][]string
	for _, para := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		var rows []string
		for row := range strings.SplitSeq(para, "\n") {
			if row = strings.TrimSpace(row); row != "" {
				rows = append(rows, row)
			}
		}
		if len(rows) > 0 {
			all = append(all, rows)
		}
	}
	return all
}

func lowest(p catalog.Product) string {
	low, _ := p.Prices()
	return money.String(low)
}

// wasOf is the price crossed out beside a single price.
func wasOf(p catalog.Product) int64 {
	if low, high := p.Prices(); low != high || p.WasPrice() <= low {
		return 0
	}
	return p.WasPrice()
}

func srcset(p catalog.Photo, width int) string {
	var parts []string
	for _, w := range []int{320, 640, 1080} {
		if w >= width && w <= width*2 {
			parts = append(parts, p.Path(w)+" "+strconv.Itoa(w)+"w")
		}
	}
	return strings.Join(parts, ", ")
}

func side(p catalog.Photo, width, which int) string {
	w, h := p.Size(width)
	if which == 1 {
		return text(h)
	}
	return text(w)
}

func (v shopView) heading(ctx context.Context) string {
	switch {
	case v.words != "":
		return t(ctx, "storefront.found", v.words)
	case v.category != "":
		return v.category
	}
	return t(ctx, "storefront.goods")
}

func (v shopView) nothing(ctx context.Context) string {
	if v.words != "" || v.category != "" {
		return t(ctx, "storefront.found_nothing")
	}
	return t(ctx, "storefront.no_goods")
}

func (v shopView) more() string {
	return query(v.Business.Slug, "q", v.words, "kategori", v.category, "lanjut", v.Next.String()) + "#barang"
}

func (v productView) choose(ctx context.Context) string {
	var names []string
	for _, o := range v.Good.Options {
		names = append(names, o.Name)
	}
	if len(names) == 0 {
		return t(ctx, "storefront.variant")
	}
	return strings.Join(names, ", ")
}

func (v productView) variants(ctx context.Context) []variantView {
	low, high := v.Good.Prices()
	chosen := v.chosen
	if chosen == "" {
		chosen = v.Good.First().ID.String()
	}
	var list []variantView
	for _, o := range v.Good.Variants {
		label := o.Name
		if low != high {
			label += " · " + money.String(o.Price)
		}
		gone := !v.Good.Buyable(o.ID)
		switch left, counted := v.Good.LeftOf(o.ID); {
		case gone:
			label += " · " + t(ctx, "storefront.sold_out")
		case counted && left <= storefront.Few:
			label += " · " + t(ctx, "storefront.left", left)
		}
		list = append(list, variantView{o.ID.String(), label, o.ID.String() == chosen && !gone, gone})
	}
	return list
}

// stock says in words what is left.
func (v productView) stock(ctx context.Context) string {
	if n := v.Good.FewLeft(); n > 0 {
		return t(ctx, "storefront.left_of", v.quantity(n))
	}
	if v.Good.MadeToOrderDays > 0 {
		return t(ctx, "storefront.made_to_order", v.Good.MadeToOrderDays)
	}
	return t(ctx, "storefront.in_stock")
}

func (v productView) quantity(n int64) string {
	return strings.TrimSpace(money.Digits(n) + " " + v.Good.Unit)
}

// most is how many may be asked for: the shop's rule, and what is left of the
// variant there is most of.
func (v productView) most() int64 {
	most := int64(0)
	for _, o := range v.Good.Variants {
		left, counted := v.Good.LeftOf(o.ID)
		if !counted {
			left = storefront.MaxQuantity
		}
		most = max(most, left)
	}
	if v.Good.Max > 0 {
		most = min(most, v.Good.Max)
	}
	return min(most, storefront.MaxQuantity)
}

// stateOf says how the shop stands, and when that changes.
func stateOf(ctx context.Context, b business.Business, st business.Standing, now time.Time) stateView {
	switch {
	case st.Takes && st.Open && !st.Until.IsZero():
		return stateView{"ok", t(ctx, "storefront.open_until", clock(ctx, st.Until, b)), t(ctx, "storefront.open_note")}
	case st.Takes && st.Open:
		return stateView{"ok", t(ctx, "storefront.open"), t(ctx, "storefront.open_note")}
	case st.Takes && !st.Next.IsZero():
		return stateView{"ok", t(ctx, "storefront.takes"), t(ctx, "storefront.takes_note", moment(ctx, st.Next, now, b))}
	case st.Takes:
		return stateView{"ok", t(ctx, "storefront.takes"), ""}
	case st.Paused:
		return stateView{"warn", t(ctx, "storefront.paused"), st.Message}
	case st.Next.IsZero():
		return stateView{"warn", t(ctx, "storefront.closed"), st.Message}
	}
	return stateView{"warn", t(ctx, "storefront.closed_until", moment(ctx, st.Next, now, b)), st.Message}
}

func clock(ctx context.Context, at time.Time, b business.Business) string {
	return i18n.Clock(ctx, at.In(b.Location()))
}

// moment says a time that comes: "hari ini 08.00 WIB", "besok ...", "Senin ...".
func moment(ctx context.Context, at, now time.Time, b business.Business) string {
	at, now = at.In(b.Location()), now.In(b.Location())
	days := int(midnight(at).Sub(midnight(now)).Hours()+12) / 24
	switch {
	case days == 0:
		return t(ctx, "storefront.today", clock(ctx, at, b))
	case days == 1:
		return t(ctx, "storefront.tomorrow", clock(ctx, at, b))
	case days < 7:
		return i18n.Weekday(ctx, at.Weekday()) + " " + clock(ctx, at, b)
	}
	return i18n.Day(ctx, at) + " " + clock(ctx, at, b)
}

func midnight(at time.Time) time.Time {
	y, m, d := at.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, at.Location())
}

// hoursOf lists the opening hours, days alike in one line, Monday first.
func hoursOf(ctx context.Context, b business.Business, now time.Time) []hoursView {
	if !b.Hours.Known() {
		return nil
	}
	var list []hoursView
	for i := 0; i < 7; {
		first := time.Weekday((i + 1) % 7)
		j := i
		for j+1 < 7 && b.Hours[(j+2)%7] == b.Hours[first] {
			j++
		}
		label := i18n.Weekday(ctx, first)
		if j > i {
			label += "–" + i18n.Weekday(ctx, time.Weekday((j+1)%7))
		}
		value := b.Hours[first].String()
		if value == "" {
			value = t(ctx, "storefront.day_off")
		} else {
			value += " " + i18n.Zone(now.In(b.Location()))
		}
		list = append(list, hoursView{label, value})
		i = j + 1
	}
	return list
}

// whatsApp is a link that opens a chat with the shop, with words to begin with.
func whatsApp(b business.Business, words string) string { return phone.WhatsApp(b.Chat(), words) }

// shareLink opens WhatsApp to choose whom to send words to.
func shareLink(words string) string { return "https://wa.me/?text=" + url.QueryEscape(words) }
