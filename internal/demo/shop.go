package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lapak/internal/account"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/region"
	"lapak/internal/store"
)

// pictured is how many shops have photos, so that a very large demo stays small.
const pictured = 300

// drawn are how many pictures of each motif there are.
const drawn = 3

// drawAll draws and encodes the pictures that all shops share.
func (m *Maker) drawAll() (map[string][]blob.Picture, error) {
	type one struct {
		motif string
		k     int
		pic   blob.Picture
		err   error
	}
	made := make(chan one)
	n := 0
	for motif := range motifs {
		for k := range drawn {
			n++
			go func() {
				pic, err := blob.Planted(picture(motif, m.size.Seed*31+uint64(k)))
				made <- one{motif, k, pic, err}
			}()
		}
	}
	all := map[string][]blob.Picture{}
	var err error
	for range n {
		o := <-made
		if o.err != nil {
			err = fmt.Errorf("draw %s: %w", o.motif, o.err)
		}
		if all[o.motif] == nil {
			all[o.motif] = make([]blob.Picture, drawn)
		}
		all[o.motif][o.k] = o.pic
	}
	return all, err
}

// photoOf is the photo's id if the shop has photos.
func (m *Maker) photoOf(s *shop, photo id.ID) *id.ID {
	if s.n >= pictured {
		return nil
	}
	return photo.Null()
}

// Standings that some shops have, by their number.
const (
	hiddenShop = 7
	closedShop = 11
	pausedShop = 13
)

// open writes a shop with all that it has and the orders of the last weeks.
func (m *Maker) open(ctx context.Context, s *shop, pics map[string][]blob.Picture) (int64, error) {
	b := m.block(s)
	if err := m.face(b); err != nil {
		return 0, err
	}
	m.goods(b, pics)
	m.ways(b)
	b.slip = pics[slip][0].Content(blob.Widths[2])
	for w := weeks - recent; w < weeks; w++ {
		b.week(w)
	}
	for _, p := range s.products {
		for _, v := range p.variants {
			if s.tracked {
				warn := int64(5)
				b.rows.add(tLevels, s.id, v.id, v.base+b.held[v.id], b.held[v.id], int64(0), &warn, false)
				if v.base > 0 {
					b.rows.add(tMoves, s.id, m.id(s.opened, kOrder-3, uint64(s.n), mix(uint64(v.id[15])<<8|uint64(v.id[14]))>>24), v.id, "opening", v.base, int64(0), v.base,
						nil, s.owner.Null(), "", s.opened)
				}
			}
		}
	}
	if b.weight > 0 {
		b.rows.add(tUsage, s.id, b.weight)
	}
	last := s.orders
	if s.n == 0 {
		last += int64(len(liveActs))
	}
	b.rows.add(tNumbers, s.id, last)
	b.sum()
	owner := m.ownerOf(s)
	sc := authz.Scope{Actor: s.owner, Membership: owner.Membership, Business: s.id, Role: authz.Owner}
	err := m.DB.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := m.Accounts.Plant(ctx, tx, owner, m.secret); err != nil {
			return err
		}
		if err := b.write(ctx, tx); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "business.created", s.id); err != nil {
			return err
		}
		if s.n == 0 {
			for _, p := range s.products {
				if err := audit.Note(ctx, tx, sc, "product.made", p.id); err != nil {
					return err
				}
			}
		}
		return audit.Note(ctx, tx, sc, "business.published", s.id)
	})
	if err != nil {
		return 0, fmt.Errorf("shop %d: %w", s.n, err)
	}
	m.written.Add(b.rows.count())
	m.Progress(m.done.Add(b.orders), m.total)
	return b.orders, nil
}

// ownerOf is the person who owns the shop. Phones count up from 0812 0000 1000;
// those below are of the people who can sign in with what is printed.
func (m *Maker) ownerOf(s *shop) account.Planted {
	number := fmt.Sprintf("+62812%08d", 1000+s.n)
	if s.n == 0 {
		number = PhoneOwner
	}
	return account.Planted{
		Person: s.owner, Membership: m.id(s.opened, kMember, uint64(s.n), 0), Business: s.id, Name: s.ownerIs, Phone: phone.Number(number),
		Role: authz.Owner, Proven: true,
	}
}

// face writes who the shop is.
func (m *Maker) face(b *block) error {
	s := b.s
	r := m.rnd(kPlan, uint64(s.n), 1<<20)
	tr, _ := business.TradeOf(s.trade.code)
	var h business.Hours
	from, to := (6+r.IntN(4))*60, (17+r.IntN(5))*60
	for d := range h {
		if s.trade.rhythm[(d+6)%7] > 65 {
			h[d] = business.Day{From: from, To: to}
		}
	}
	hours, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode hours: %w", err)
	}
	closings := "[]"
	today := m.now.In(wib)
	if s.n == closedShop {
		list := []business.Closing{{From: today.AddDate(0, 0, -1).Format(time.DateOnly), To: today.AddDate(0, 0, 6).Format(time.DateOnly), Message: "Libur keluarga, kembali minggu depan."}}
		raw, err := json.Marshal(list)
		if err != nil {
			return fmt.Errorf("encode closings: %w", err)
		}
		closings = string(raw)
	}
	paused, note := s.n == pausedShop, ""
	if paused {
		note = "Pesanan sedang penuh, besok buka lagi."
	}
	reason := ""
	var hidden *time.Time
	if s.n == hiddenShop {
		at := m.now.Add(-50 * time.Hour)
		reason, hidden = "Foto produk bukan milik sendiri.", &at
		b.rows.add(tAppeals, m.id(at, kAppeal, uint64(s.n), 0), s.id, "32", region.Up(s.town.Code, region.Regency), reason,
			"Semua foto sudah saya ganti dengan foto dari dapur sendiri. Mohon dicek lagi.", s.owner, at.Add(5*time.Hour), "open", "")
	}
	nib, halal, pirt := "", "", ""
	if r.IntN(100) < 45 || s.n == 0 {
		nib = fmt.Sprintf("91%011d", r.Int64N(100_000_000_000))
	}
	if food := s.trade.code == "T1" || s.trade.code == "T2"; food && (r.IntN(100) < 35 || s.n == 0) {
		halal = fmt.Sprintf("ID321100%08d%02d24", r.IntN(100_000_000), 1+r.IntN(12))
	}
	if s.trade.code == "T1" && (r.IntN(100) < 50 || s.n == 0) {
		pirt = fmt.Sprintf("2%06d%06d29", r.IntN(1_000_000), r.IntN(1_000_000))
	}
	if business.CheckHalal(halal) != nil {
		halal = ""
	}
	if business.CheckPIRT(pirt) != nil {
		pirt = ""
	}
	about := strings.ReplaceAll(pick(r, s.trade.about), "{p}", s.town.District)
	sold := string(business.SoldBefores[r.IntN(len(business.SoldBefores))])
	number := m.ownerOf(s).Phone.E164()
	dye := string(business.Dyes[r.IntN(len(business.Dyes))])
	if s.n == 0 {
		dye = string(business.Dyes[1])
	}
	updated := m.now.Add(-time.Hour)
	b.rows.add(tBusinesses, s.id, s.slug, s.name, about, about+" Usaha keluarga di "+s.town.Town()+".", s.trade.code, tr.KBLI[0].Code, business.KBLI2020,
		s.town.Code, street(r), pick(r, landmarks), number, number, "", dye, region.Zone(s.town.Code), string(hours), true, closings, paused, note, nib,
		"", "", "", "", halal, pirt, sold, string(business.StateOpen), reason, hidden, s.opened, s.opened.Add(20*time.Minute), updated)
	b.rows.add(tSlugs, s.slug, s.id, true, s.opened)
	b.rows.add(tRegistry, s.id, s.slug, s.name, business.Fold(s.name), s.trade.code, tr.KBLI[0].Code, business.KBLI2020, nib, halal, pirt,
		region.Up(s.town.Code, region.Province), region.Up(s.town.Code, region.Regency), region.Up(s.town.Code, region.District), s.town.Code, sold,
		string(business.StateOpen), reason, hidden, s.opened, s.opened.Add(20*time.Minute), updated)
	return nil
}

// sortOf is the category in which a shop with several shows a product.
func sortOf(s *shop, p product) string {
	if s.trade.code != "T1" && s.trade.code != "T2" {
		return ""
	}
	return map[string]string{"pouch": "Camilan", "bottle": "Sambal & kue kering", "cake": "Kue basah", "bowl": "Makanan", "cup": "Minuman", "parcel": "Nasi kotak"}[p.motif]
}

// goods writes what the shop sells, with photos.
func (m *Maker) goods(b *block, pics map[string][]blob.Picture) {
	s := b.s
	r := m.rnd(kPlan, uint64(s.n), 1<<21)
	var used int64
	sorts := map[string]id.ID{}
	for k, p := range s.products {
		name, sort := sortOf(s, p), id.ID{}
		if name != "" {
			if sort = sorts[name]; sort.IsZero() {
				sort = m.id(s.opened, kCategory, uint64(s.n), uint64(len(sorts)))
				sorts[name] = sort
				b.rows.add(tCategories, s.id, sort, name, catalog.Fold(name), int64(len(sorts)))
			}
		}
		state := string(catalog.Published)
		if s.n == 0 && k == len(s.products)-1 {
			state = string(catalog.Draft)
		}
		options := "[]"
		if p.sizes {
			options = `[{"name":"Ukuran","values":["M","L","XL"]}]`
		}
		about := "Dibuat sendiri oleh " + s.name + "."
		if p.days > 0 {
			about = fmt.Sprintf("Dikerjakan setelah dipesan, siap dalam %d hari.", p.days)
		}
		at := s.opened.Add(time.Duration(10+k) * time.Minute)
		b.rows.add(tProducts, s.id, p.id, p.slug, state, p.name, p.folded(name), about, sort.Null(), "", "", "", "", "", options, p.days, int64(1), int64(0), int64(k+1), "",
			at, at)
		b.rows.add(tSlugsOf, s.id, p.slug, p.id)
		was := int64(0)
		if r.IntN(100) < 15 {
			was = p.price * 5 / 4 / 500 * 500
		}
		for j, v := range p.variants {
			choices := "[]"
			if v.name != "" {
				choices = `["` + v.name + `"]`
			}
			old := was
			if old <= v.price {
				old = 0
			}
			b.rows.add(tVariants, s.id, v.id, p.id, v.name, choices, fmt.Sprintf("%s-%02d%s", s.trade.code, k+1, v.name), v.price, old, p.weight, int64(0),
				int64(0), int64(0), s.tracked, false, int64(j+1))
		}
		if m.photoOf(s, p.photo) == nil {
			continue
		}
		pic := pics[p.motif][int(mix(uint64(s.n*37+k))%drawn)]
		var size int64
		for _, w := range blob.Widths {
			if c := pic.Content(w); c != nil {
				size += int64(len(c))
				b.rows.add(tFiles, s.id, p.photo, int64(w), c)
			}
		}
		used += size
		b.rows.add(tBlobs, s.id, p.photo, "photo", false, pic.Width, pic.Height, size, p.id.Null(), nil, at)
		b.rows.add(tPhotos, s.id, p.id, p.photo, pic.Width, pic.Height, p.name, int64(0))
	}
	b.weight = used
}

// qrisOf is the text of a shop's QRIS code, of a provider that does not exist.
func qrisOf(s *shop) string {
	plain := func(text string, most int) string {
		text = strings.ToUpper(catalog.Fold(text))
		return text[:min(most, len(text))]
	}
	name, city := plain(s.name, 25), plain(strings.NewReplacer("Kabupaten ", "", "Kota ", "").Replace(s.town.Regency), 15)
	text := fmt.Sprintf("00020101021126680016ID.CO.CONTOH.WWW01189360000000000000170215%015d0303UMI51440014ID.CO.QRIS.WWW0215ID%013d0303UMI"+
		"5204581253033605802ID59%02d%s60%02d%s6105401116304", s.n, s.n, len(name), name, len(city), city)
	sum := uint16(0xffff)
	for _, c := range []byte(text) {
		sum ^= uint16(c) << 8
		for range 8 {
			if sum&0x8000 != 0 {
				sum = sum<<1 ^ 0x1021
			} else {
				sum <<= 1
			}
		}
	}
	return fmt.Sprintf("%s%04X", text, sum)
}

// ways writes how the shop is paid, how goods leave it, and its vouchers.
func (m *Maker) ways(b *block) {
	s := b.s
	r := m.rnd(kPlan, uint64(s.n), 1<<22)
	at := s.opened.Add(30 * time.Minute)
	qris := ""
	if s.n%4 == 0 {
		qris = qrisOf(s)
	}
	b.rows.add(tSettings, s.id, true, s.brings, "fixed", int64(0), int64(500_000), true, int64(24*3600), true, qris != "", int64(1800), qris, nil, at)
	banks := []string{"bca", "bri", "mandiri", "bni", "bsi"}
	digits := map[string]int{"bca": 10, "bri": 15, "mandiri": 13, "bni": 10, "bsi": 10}
	bank := pick(r, banks)
	b.rows.add(tAccounts, s.id, m.id(at, kAccount, uint64(s.n), 0), bank, fmt.Sprintf("%0*d", digits[bank], 1_000_000+r.IntN(9_000_000)), s.ownerIs, int64(0))
	kind := "flat"
	if s.brings && s.n%3 == 0 {
		kind = "areas"
		b.rows.add(tAreas, s.id, region.Up(s.town.Code, region.Regency), s.fee+5_000, false)
		b.rows.add(tAreas, s.id, region.Up(s.town.Code, region.District), s.fee, false)
	}
	week, cutoff := int64(0), int64(0)
	if s.brings && s.n == 0 { // promises hours, from Monday to Saturday
		week, cutoff = 126, 14*60
		b.rows.add(tHours, s.id, int64(10*60), int64(12*60), int64(0))
		b.rows.add(tHours, s.id, int64(15*60), int64(18*60), int64(0))
	}
	b.rows.add(tWays, s.id, true, "", "Siap diambil 1 jam setelah diterima", s.brings, kind, s.fee, int64(150_000), int64(0), int64(5), int64(2_000), int64(300),
		"Diantar hari itu juga", int64(6000), week, cutoff, at)
	for _, v := range s.vouchers {
		end := m.day(days).AddDate(0, 2, 0).UTC()
		b.rows.add(tVouchers, s.id, v.id, v.code, "percent", int64(10), int64(10_000), int64(50_000), s.opened, &end, int64(0), int64(0), int64(0), true, s.opened)
	}
}
