package bench

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"lapak/internal/id"
)

// Headers as a phone's browser sends them; the bare handler gets the same.
const browser = "User-Agent: Mozilla/5.0 (Linux; Android 12; SM-A032F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8\r\nAccept-Language: id-ID,id;q=0.9,en;q=0.7\r\nAccept-Encoding: gzip, deflate, br\r\n" +
	"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"

// get writes a request for an address, with a cookie if there is one.
func get(host, path, cookie string) []byte {
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n%s", path, host, browser)
	if cookie != "" {
		b = fmt.Appendf(b, "Cookie: %s\r\n", cookie)
	}
	return append(b, "\r\n"...)
}

// post writes a request that sends a form.
func post(host, path, cookie string, form url.Values) []byte {
	body := form.Encode()
	b := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", path, host, browser, len(body))
	if cookie != "" {
		b = fmt.Appendf(b, "Cookie: %s\r\n", cookie)
	}
	return append(b, "\r\n"+body...)
}

// plain asks for an address without compression, to be read by us.
func plain(host, path, cookie string) []byte {
	return uncompressed(get(host, path, cookie))
}

func uncompressed(request []byte) []byte {
	return bytes.Replace(request, []byte("Accept-Encoding: gzip, deflate, br\r\n"), nil, 1)
}

// stall is a shop as its pages show it.
type stall struct {
	slug    string
	goods   []string // addresses of products
	baskets []basket
}

// basket is what one order of a shop holds, and what it costs.
type basket struct {
	variants []string
	total    string
}

var (
	shopLink    = regexp.MustCompile(`href="/@([a-z0-9-]+)"`)
	goodLink    = regexp.MustCompile(`href="(/@[a-z0-9-]+/p/[a-z0-9-]+)"`)
	variantIn   = regexp.MustCompile(`<(?:input|option)[^>]*?(?:name="variant")?[^>]*?value="([0-9a-f]{8}-[0-9a-f-]{27})"[^>]*>`)
	seenIn      = regexp.MustCompile(`name="seen" value="(\d+)"`)
	moreIn      = regexp.MustCompile(`href="(/\?[^"]*lanjut=[^"]+)"`)
	errNoStalls = errors.New("no shop of the directory takes orders with payment at hand-over now")
)

// browse finds shops and their goods as a visitor does.
func browse(addr string, most int) ([]stall, error) {
	c := &client{addr: addr}
	var list []stall
	seen := map[string]bool{}
	for page := "/"; page != "" && len(list) < most; {
		b, err := c.body(plain(addr, page, ""))
		if err != nil {
			return nil, fmt.Errorf("read the directory: %w", err)
		}
		for _, m := range shopLink.FindAllSubmatch(b, -1) {
			if slug := string(m[1]); !seen[slug] && len(list) < most {
				seen[slug] = true
				s, err := look(c, slug)
				if err != nil {
					return nil, err
				}
				list = append(list, s)
			}
		}
		m := moreIn.FindSubmatch(b)
		page = ""
		if m != nil {
			page = html.UnescapeString(string(m[1]))
		}
	}
	if len(list) == 0 {
		return nil, errors.New("the directory shows no shop")
	}
	return list, nil
}

// look reads a shop's page and tries what can be ordered there.
func look(c *client, slug string) (stall, error) {
	s := stall{slug: slug}
	b, err := c.body(plain(c.addr, "/@"+slug, ""))
	if err != nil {
		return s, fmt.Errorf("read a shop: %w", err)
	}
	for _, m := range goodLink.FindAllSubmatch(b, -1) {
		if to := string(m[1]); !slices.Contains(s.goods, to) {
			s.goods = append(s.goods, to)
		}
	}
	var variants []string
	for _, to := range s.goods[:min(len(s.goods), 6)] {
		b, err := c.body(plain(c.addr, to, ""))
		if err != nil {
			return s, fmt.Errorf("read a product: %w", err)
		}
		for _, m := range variantIn.FindAllSubmatch(b, -1) {
			if strings.Contains(string(m[0]), "disabled") || len(variants) >= 3 {
				continue
			}
			v := string(m[1])
			if bk, ok := s.price(c, []string{v}); ok && !slices.Contains(variants, v) {
				variants = append(variants, v)
				s.baskets = append(s.baskets, bk)
			}
		}
	}
	if len(variants) > 1 { // every second order holds several things
		if bk, ok := s.price(c, variants); ok {
			s.baskets = []basket{s.baskets[0], bk}
		}
	}
	s.baskets = s.baskets[:min(2, len(s.baskets))]
	return s, nil
}

// ordering keeps the shops that take orders now: each gets one.
func ordering(addr string, shops []stall) []stall {
	c := &client{addr: addr}
	defer c.close()
	r := rand.New(rand.NewPCG(1, 1))
	return slices.DeleteFunc(slices.Clone(shops), func(s stall) bool {
		if len(s.baskets) == 0 {
			return true
		}
		status, _, err := c.do(place("", addr, []stall{s}).next(r))
		return err != nil || status != http.StatusSeeOther
	})
}

// price asks what a basket costs; ok is false if it cannot be ordered.
func (s *stall) price(c *client, variants []string) (bk basket, ok bool) {
	b, err := c.body(uncompressed(post(c.addr, "/@"+s.slug+"/pesan/ongkir", "", orderForm(variants, "", "0", "081299990000"))))
	m := seenIn.FindSubmatch(b)
	if err != nil || m == nil {
		return basket{}, false
	}
	return basket{variants, string(m[1])}, string(m[1]) != "0"
}

// orderForm fills in the form of an order that is fetched and paid in cash.
func orderForm(variants []string, form, total, phone string) url.Values {
	v := url.Values{
		"id": {form}, "name": {"Rina Lestari"}, "phone": {phone}, "way": {"pickup"}, "pay": {"cash"}, "seen": {total}, "note": {""}, "voucher": {""},
		"tempat": {""}, "village": {""}, "street": {""}, "landmark": {""},
	}
	for i, one := range variants {
		v.Set(fmt.Sprintf("lines.%d.variant", i), one)
		v.Set(fmt.Sprintf("lines.%d.quantity", i), "1")
	}
	return v
}

// buyers is how many people order: most orders are of somebody who ordered before.
const buyers = 2_000

func phoneOf(n int) string { return fmt.Sprintf("0857%08d", 10_000_000+n) }

// place is the work of placing orders in some shops, in turn.
func place(name, addr string, list []stall) work {
	return work{name, http.StatusSeeOther, func(r *rand.Rand) []byte {
		s := &list[r.IntN(len(list))]
		bk := s.baskets[r.IntN(len(s.baskets))]
		return post(addr, "/@"+s.slug+"/pesan", "", orderForm(bk.variants, id.New().String(), bk.total, phoneOf(r.IntN(buyers))))
	}}
}

// quote is the work of asking what an order costs.
func quote(name, addr string, list []stall) work {
	return work{name, http.StatusOK, func(r *rand.Rand) []byte {
		s := &list[r.IntN(len(list))]
		bk := s.baskets[r.IntN(len(s.baskets))]
		return post(addr, "/@"+s.slug+"/pesan/ongkir", "", orderForm(bk.variants, id.New().String(), bk.total, phoneOf(r.IntN(buyers))))
	}}
}

// one is the work of asking for one address again and again.
func one(name, addr, path, cookie string) work {
	b := get(addr, path, cookie)
	return work{name, http.StatusOK, func(*rand.Rand) []byte { return b }}
}

// some is the work of asking for one of many addresses.
func some(name, addr, cookie string, paths []string) work {
	list := make([][]byte, len(paths))
	for i, p := range paths {
		list[i] = get(addr, p, cookie)
	}
	return work{name, http.StatusOK, func(r *rand.Rand) []byte { return list[r.IntN(len(list))] }}
}

// signIn opens a session and returns its cookie.
func signIn(addr, phone, password string) (string, error) {
	c := &client{addr: addr}
	res, _, err := c.answer(post(addr, "/masuk", "", url.Values{"who": {phone}, "password": {password}}))
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	var parts []string
	for _, ck := range res.Cookies() {
		if ck.MaxAge >= 0 && ck.Value != "" {
			parts = append(parts, ck.Name+"="+ck.Value)
		}
	}
	if res.StatusCode != http.StatusSeeOther || len(parts) == 0 {
		return "", fmt.Errorf("sign in: the server answered %d", res.StatusCode)
	}
	return strings.Join(parts, "; "), nil
}
