package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/region"
)

// product is one that a shop sells, with its variants.
type product struct {
	good
	id       id.ID
	photo    id.ID
	slug     string
	variants []variant
}

type variant struct {
	id    id.ID
	name  string
	price int64
	base  int64 // on hand when nothing is on its way
}

// coupon is a voucher that some of a shop's orders use.
type coupon struct {
	id   id.ID
	code string
}

// shop is the plan of one business: all of it follows from the seed and n.
type shop struct {
	n        int
	id       id.ID
	owner    id.ID
	trade    *trade
	town     region.Place // the village
	name     string
	first    string // the owner's first name
	ownerIs  string // the owner's whole name
	slug     string
	opened   time.Time
	products []product
	around   []region.Place // where buyers live
	fee      int64
	tracked  bool
	brings   bool
	vouchers []coupon
	courier  id.ID

	orders int64   // how many it has in all, live ones left aside
	upTo   []int64 // orders before each day, and at the end all
	deep   int64   // old orders that Deepen wrote
}

// rnd is a source that depends on the seed and on what it is for.
func (m *Maker) rnd(kind, a, b uint64) *rand.Rand {
	return rand.New(rand.NewPCG(mix(m.size.Seed^kind<<56), mix(a<<32^b)))
}

// mix spreads the bits of n; no two n give the same.
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// Kinds of ids and of sources of chance.
const (
	kShop = iota + 1
	kOwner
	kMember
	kProduct
	kVariant
	kPhoto
	kVoucher
	kCustomer
	kAddress
	kConsent
	kAccount
	kPlan
	kAppeal
	kCategory
	kOrder = 64 // and above: the parts of one order
)

// id is the id of a thing of a shop: the same in every run.
func (m *Maker) id(at time.Time, kind, shop, n uint64) id.ID {
	return id.Seeded(at, mix(m.size.Seed*0x2545f4914f6cdd1d^shop<<43^n<<8^kind))
}

var wib = time.FixedZone("WIB", 7*3600)

// day is the beginning of a day of the history, the last being today.
func (m *Maker) day(d int) time.Time {
	y, mo, da := m.now.In(wib).Date()
	return time.Date(y, mo, da-(days-1)+d, 0, 0, 0, 0, wib)
}

// lot deals out the trades by their shares, in an order that mixes them.
func lot(n int) []*trade {
	list := make([]*trade, 0, n)
	for i := range n { // who is furthest behind its share is next
		best, gap := 0, -1e9
		for t := range trades {
			have := 0
			for _, l := range list[max(0, len(list)-200):] {
				if l == &trades[t] {
					have++
				}
			}
			if g := float64(min(i, 200)+1)*float64(trades[t].share)/100 - float64(have); g > gap {
				best, gap = t, g
			}
		}
		list = append(list, &trades[best])
	}
	return list
}

// seat deals out the regencies in turn, beginning with the showcase's.
func seat(regencies []region.Place, i int) region.Place {
	at := slices.IndexFunc(regencies, func(p region.Place) bool { return p.Code == "32.11" })
	return regencies[(i+max(0, at))%len(regencies)]
}

// plan decides who the shops are and how many orders each has on each day.
func (m *Maker) plan() {
	m.words.readPlaces()
	m.shops = make([]shop, m.size.Businesses)
	taken := map[string]bool{}
	dealt := lot(m.size.Businesses)
	for i := range m.shops {
		s := &m.shops[i]
		s.n, s.trade = i, dealt[i]
		m.planShop(s, taken)
	}
	m.planOrders()
}

func (m *Maker) planShop(s *shop, taken map[string]bool) {
	r := m.rnd(kPlan, uint64(s.n), 0)
	regency := seat(m.words.regencies, s.n)
	villages := m.words.placesIn(regency.Code)
	s.town = pick(r, villages)
	s.first, s.ownerIs = m.words.person(r)
	s.opened = m.day(0).AddDate(0, -r.IntN(9), -r.IntN(28)).Add(9 * time.Hour)
	if r.IntN(100) < 18 && s.n > 0 { // opened during the year
		s.opened = m.day(20 + r.IntN(days-80)).Add(9 * time.Hour)
	}
	short := strings.TrimPrefix(strings.TrimPrefix(regency.Name, "Kabupaten "), "Kota ")
	if r.IntN(2) == 0 {
		short = s.town.District
	}
	s.name = strings.NewReplacer("{o}", s.first, "{p}", short).Replace(pick(r, s.trade.names))
	if s.n == 0 {
		s.name, s.first, s.ownerIs = "Dapur Bu Imas", "Imas", "Imas Lestari"
		for _, v := range villages {
			if v.District == "Tanjungsari" {
				s.town = v
				break
			}
		}
	}
	s.id = m.id(s.opened, kShop, uint64(s.n), 0)
	s.owner = m.id(s.opened, kOwner, uint64(s.n), 0)
	s.slug = business.Fold(s.name)
	for k := 2; taken[s.slug] || business.CheckSlug(s.slug) != nil; k++ {
		s.slug = fmt.Sprintf("%.34s-%d", business.Fold(s.name), k)
	}
	taken[s.slug] = true
	tr, _ := business.TradeOf(s.trade.code)
	s.tracked = tr.Goods || s.trade.code == "lainnya"
	s.brings = s.tracked || s.trade.code == "T9"
	s.fee = int64(6+r.IntN(8)) * 1000
	for _, v := range villages {
		if v.District == s.town.District {
			s.around = append(s.around, v)
		}
	}
	for range 6 {
		s.around = append(s.around, pick(r, villages))
	}
	m.planGoods(s, r)
	if s.n%6 == 0 {
		s.vouchers = append(s.vouchers, coupon{m.id(s.opened, kVoucher, uint64(s.n), 0), "HEMAT10"})
	}
	if s.n == 0 {
		s.courier = m.id(s.opened, kOwner, 0, 3)
	}
}

// planGoods chooses what the shop sells.
func (m *Maker) planGoods(s *shop, r *rand.Rand) {
	goods := slices.Clone(s.trade.goods)
	switch {
	case s.trade.code == "lainnya":
		for _, sort := range []string{"Household", "Kitchen", "Office & Stationery", "Party Supplies and Craft", "Carpentry"} {
			goods = append(goods, m.words.titles[sort]...)
		}
	case s.trade.code == "T3" && r.IntN(2) == 0:
		for _, sort := range []string{"Muslim Fashion", "Women's Fashion", "Men's Fashion"} {
			for range 3 {
				goods = append(goods, pick(r, m.words.titles[sort]))
			}
		}
	}
	r.Shuffle(len(goods), func(i, j int) { goods[i], goods[j] = goods[j], goods[i] })
	most := 5 + r.IntN(6)
	if s.n == 0 {
		most = 14
	}
	taken := map[string]bool{}
	for k, g := range goods[:min(most, len(goods))] {
		p := product{good: g, slug: business.Fold(g.name)}
		if taken[p.slug] {
			continue
		}
		taken[p.slug] = true
		p.price = max(1000, g.price*int64(92+r.IntN(17))/100/500*500)
		p.id = m.id(s.opened, kProduct, uint64(s.n), uint64(k))
		p.photo = m.id(s.opened, kPhoto, uint64(s.n), uint64(k))
		names := []string{""}
		if g.sizes {
			names = []string{"M", "L", "XL"}
		}
		for j, name := range names {
			v := variant{id: m.id(s.opened, kVariant, uint64(s.n), uint64(k*8+j)), name: name, price: p.price, base: int64(8 + r.IntN(60))}
			if name == "XL" {
				v.price += 5_000
			}
			switch x := r.IntN(100); { // some run low, a few are sold out
			case k > 0 && x < 4:
				v.base = 0
			case k > 0 && x < 14:
				v.base = int64(1 + r.IntN(4))
			}
			p.variants = append(p.variants, v)
		}
		s.products = append(s.products, p)
	}
}

// weigh tells how busy a day of a shop is.
func (m *Maker) weigh(s *shop, d int) float64 {
	at := m.day(d)
	if at.Before(s.opened) {
		return 0
	}
	r := m.rnd(kPlan, uint64(s.n), uint64(d)+1)
	grown := 1 + float64(s.trade.growth)/100*(float64(d)/(days-1)-1)
	w := float64(s.trade.perDay) / 10 * float64(s.trade.rhythm[(int(at.Weekday())+6)%7]) / 100 * grown * (.55 + .9*r.Float64())
	if s.n == 0 {
		w *= 4
	}
	if d == days-1 { // as much of today as is over
		w *= min(1, max(.08, (m.now.Sub(at).Hours()-7)/12))
	}
	return w
}

// planOrders deals the orders out to shops and days, each its exact number.
func (m *Maker) planOrders() {
	all := 0.0
	sums := make([]float64, len(m.shops))
	for i := range m.shops {
		for d := range days {
			sums[i] += m.weigh(&m.shops[i], d)
		}
		all += sums[i]
	}
	total := float64(m.size.Orders)
	if m.size.Orders == 0 {
		total = all
	}
	live := int64(len(liveActs))
	run := 0.0
	for i := range m.shops {
		s := &m.shops[i]
		before := int64(run / all * total)
		run += sums[i]
		s.orders = int64(run/all*total+1e-6) - before
		if i == 0 {
			s.orders = max(0, s.orders-live)
		}
		s.upTo = make([]int64, days+1)
		part := 0.0
		for d := range days {
			part += m.weigh(s, d)
			s.upTo[d+1] = int64(part/sums[i]*float64(s.orders) + 1e-6)
		}
		s.upTo[days] = s.orders
		m.total += s.orders
	}
	m.total += live
}

// folded is what a product is searched by.
func (p product) folded(category string) string {
	parts := []string{p.name, category}
	for _, v := range p.variants {
		parts = append(parts, v.name)
	}
	return strings.TrimSpace(catalog.Fold(strings.Join(parts, " ")))
}
