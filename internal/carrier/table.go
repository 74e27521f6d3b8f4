package carrier

import (
	"regexp"
	"slices"
	"strings"
)

// Group is the sort of a service, as buyers choose between them.
type Group string

// The groups.
const (
	Regular Group = "regular"
	Economy Group = "economy"
	NextDay Group = "next_day"
	SameDay Group = "same_day"
	Instant Group = "instant"
	Cargo   Group = "cargo"
)

// Groups lists them in the order of pages.
var Groups = []Group{Regular, Economy, NextDay, SameDay, Instant, Cargo}

// Service is what a carrier offers. A zero Divisor or Least is that of the
// carrier.
type Service struct {
	Code    string
	Name    string
	Group   Group
	Divisor int64 // cubic centimetres to the kilogram
	Least   int64 // kilograms that are charged at least
}

// Firm is a carrier as the trade knows it.
type Firm struct {
	Code       string // ours; Biteship's where it has one
	Name       string
	Services   []Service
	Divisor    int64 // cubic centimetres to the kilogram; zero: by distance, not by weight
	Tolerance  int64 // grams over a whole kilogram that are let go
	Least      int64 // kilograms that are charged at least
	COD        bool
	Point      bool   // needs the points of both ends
	Digits     int    // last digits of the receiver's phone that tracking may ask for
	Biteship   string // its code there, empty if it is not offered
	RajaOngkir string
	hints      []*regexp.Regexp
	items      bool // its numbers are those of postal items too (S10), which check themselves
}

func hint(exprs ...string) []*regexp.Regexp {
	var list []*regexp.Regexp
	for _, e := range exprs {
		list = append(list, regexp.MustCompile("^(?:"+e+")$"))
	}
	return list
}

// firms is the table. The shapes of numbers are published by nobody: they are
// hints, the closest first, and what fits none is a number all the same.
var firms = []Firm{
	{Code: "spx", Name: "SPX Express", Divisor: 6000, Tolerance: 300, Least: 1, hints: hint(`SPXID\d{12}`)},
	{
		Code: "id_express", Name: "ID Express", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "id_express", RajaOngkir: "ide", hints: hint(`ID[ES]\d{8,17}`),
		Services: []Service{{Code: "std", Name: "STD", Group: Regular}, {Code: "lite", Name: "IDlite", Group: Economy}, {Code: "truck", Name: "IDtruck", Group: Cargo}},
	},
	{
		Code: "gojek", Name: "GoSend", Point: true, Biteship: "gojek", RajaOngkir: "gosend", hints: hint(`GK-11-[A-Z0-9-]{3,19}`),
		Services: []Service{{Code: "instant", Name: "Instant", Group: Instant}, {Code: "same_day", Name: "Same Day", Group: SameDay}},
	},
	{
		Code: "jnt", Name: "J&T Express", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "jnt", RajaOngkir: "jnt", hints: hint(`J[A-Z]\d{10}`),
		Services: []Service{
			{Code: "ez", Name: "EZ", Group: Regular},
			{Code: "eco", Name: "ECO", Group: Economy},
			{Code: "jnd", Name: "JND", Group: NextDay},
			{Code: "jsd", Name: "JSD", Group: SameDay},
			{Code: "doc", Name: "DOC", Group: Regular},
		},
	},
	{
		Code: "ninja", Name: "Ninja Xpress", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "ninja", RajaOngkir: "ninja", hints: hint(`NLIDAP[A-Z0-9]{6,12}`, `SHP[A-Z0-9]{9,15}`),
		Services: []Service{{Code: "standard", Name: "Standard", Group: Regular}},
	},
	{
		Code: "lion", Name: "Lion Parcel", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "lion", RajaOngkir: "lion", hints: hint(`(?:11|99)LP[A-Z0-9]{4,21}`),
		Services: []Service{
			{Code: "reg_pack", Name: "REGPACK", Group: Regular},
			{Code: "one_pack", Name: "ONEPACK", Group: NextDay},
			{Code: "jago_pack", Name: "JAGOPACK", Group: Economy},
			{Code: "boss_pack", Name: "BOSSPACK", Group: SameDay},
			{Code: "big_pack", Name: "BIGPACK", Group: Cargo},
		},
	},
	{
		Code: "pos", Name: "Pos Indonesia", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "pos", RajaOngkir: "pos", hints: hint(`P\d{13}`), items: true,
		Services: []Service{
			{Code: "reguler", Name: "Pos Reguler", Group: Regular},
			{Code: "nextday", Name: "Pos Nextday", Group: NextDay},
			{Code: "sameday", Name: "Pos Sameday", Group: SameDay},
			{Code: "kargo", Name: "Kargo", Group: Cargo},
		},
	},
	{
		Code: "anteraja", Name: "AnterAja", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "anteraja", hints: hint(`1000\d{10}`),
		Services: []Service{{Code: "reg", Name: "Reguler", Group: Regular}, {Code: "next_day", Name: "Next Day", Group: NextDay}, {Code: "same_day", Name: "Same Day", Group: SameDay}},
	},
	{
		Code: "sicepat", Name: "SiCepat", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "sicepat", RajaOngkir: "sicepat", hints: hint(`00\d{10}`),
		Services: []Service{
			{Code: "reg", Name: "REG (SIUNT)", Group: Regular},
			{Code: "best", Name: "BEST", Group: NextDay},
			{Code: "gokil", Name: "GOKIL", Group: Cargo, Least: 10},
			{Code: "halu", Name: "HALU", Group: Economy},
			{Code: "sds", Name: "SDS", Group: SameDay},
		},
	},
	{
		Code: "tiki", Name: "TIKI", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "tiki", RajaOngkir: "tiki", hints: hint(`(?:66|03)\d{10}`),
		Services: []Service{
			{Code: "eco", Name: "ECO", Group: Economy},
			{Code: "reg", Name: "REG", Group: Regular},
			{Code: "ons", Name: "ONS", Group: NextDay},
			{Code: "sds", Name: "SDS", Group: SameDay},
			{Code: "trc", Name: "TRC", Group: Cargo},
		},
	},
	{
		Code: "jne", Name: "JNE", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Digits: 5, Biteship: "jne", RajaOngkir: "jne", hints: hint(`\d{12}`, `[A-Z0-9]{12,16}`),
		Services: []Service{
			{Code: "reg", Name: "REG", Group: Regular},
			{Code: "yes", Name: "YES", Group: NextDay},
			{Code: "oke", Name: "OKE", Group: Economy},
			{Code: "ctc", Name: "CTC", Group: Regular},
			{Code: "jtr", Name: "JTR", Group: Cargo, Divisor: 5000, Least: 10},
			{Code: "ss", Name: "SS", Group: SameDay},
		},
	},
	{Code: "jnt_cargo", Name: "J&T Cargo", Divisor: 5000, Tolerance: 300, Least: 10, COD: true, Services: []Service{{Code: "reg", Name: "Regular", Group: Cargo}}},
	{
		Code: "sap", Name: "SAP Express", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "sap", RajaOngkir: "sap",
		Services: []Service{{Code: "reg", Name: "REG", Group: Regular}, {Code: "ods", Name: "ODS", Group: NextDay}, {Code: "sds", Name: "SDS", Group: SameDay}, {Code: "cargo", Name: "Cargo", Group: Cargo, Least: 10}},
	},
	{Code: "wahana", Name: "Wahana", Divisor: 6000, Tolerance: 300, Least: 1, Biteship: "wahana", RajaOngkir: "wahana", Services: []Service{{Code: "normal", Name: "Normal", Group: Regular}}},
	{Code: "rpx", Name: "RPX", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "rpx", Services: []Service{{Code: "reg", Name: "Regular", Group: Regular}}},
	{
		Code: "paxel", Name: "Paxel", Divisor: 6000, Tolerance: 300, Least: 1, COD: true, Biteship: "paxel",
		Services: []Service{{Code: "same_day", Name: "Same Day", Group: SameDay}, {Code: "big", Name: "Big", Group: SameDay}, {Code: "frozen", Name: "Frozen", Group: SameDay}},
	},
	{
		Code: "sentral", Name: "Sentral Cargo", Divisor: 4000, Tolerance: 100, Least: 10, RajaOngkir: "sentral",
		Services: []Service{{Code: "darat", Name: "Darat", Group: Cargo}, {Code: "udara", Name: "Udara", Group: Cargo}},
	},
	{
		Code: "grab", Name: "GrabExpress", Point: true, Biteship: "grab", RajaOngkir: "grab_express",
		Services: []Service{{Code: "instant", Name: "Instant", Group: Instant}, {Code: "same_day", Name: "Same Day", Group: SameDay}, {Code: "instant_car", Name: "Car", Group: Instant}},
	},
	{Code: "borzo", Name: "Borzo", Point: true, Biteship: "borzo", Services: []Service{{Code: "instant", Name: "Instant", Group: Instant}}},
}

// Firms lists the carriers by name.
func Firms() []Firm {
	list := slices.Clone(firms)
	slices.SortFunc(list, func(a, b Firm) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return list
}

// Find returns the carrier of a code of ours.
func Find(code string) (Firm, bool) {
	return find1(func(f Firm) bool { return f.Code == code })
}

// FindAt returns the carrier by its code at a source: Biteship or RajaOngkir.
func FindAt(source Source, code string) (Firm, bool) {
	code = strings.ToLower(strings.TrimSpace(code))
	return find1(func(f Firm) bool { return code != "" && f.At(source) == code })
}

func find1(is func(Firm) bool) (Firm, bool) {
	if i := slices.IndexFunc(firms, is); i >= 0 {
		return firms[i], true
	}
	return Firm{}, false
}

// At is the code of the carrier at a source, empty if it is not offered there.
func (f Firm) At(source Source) string {
	switch source {
	case Biteship:
		return f.Biteship
	case RajaOngkir:
		return f.RajaOngkir
	}
	return ""
}

// Service returns the service of that code, in whatever case.
func (f Firm) Service(code string) (Service, bool) {
	i := slices.IndexFunc(f.Services, func(s Service) bool { return strings.EqualFold(s.Code, code) })
	if i < 0 {
		return Service{}, false
	}
	return f.Services[i], true
}

// Title is what people call a service of a firm: "JNE REG".
func Title(firm, service string) string {
	f, ok := Find(firm)
	if !ok {
		return strings.TrimSpace(firm + " " + service)
	}
	if s, ok := f.Service(service); ok {
		service = s.Name
	} else {
		service = strings.ToUpper(strings.ReplaceAll(service, "_", " "))
	}
	return strings.TrimSpace(f.Name + " " + service)
}

// Chargeable is what the carrier charges for a parcel, in whole kilograms, by
// the rules of the service, or by its own if the service is not known.
func (f Firm) Chargeable(service string, grams, l, w, h int64) int64 {
	divisor, least := f.Divisor, f.Least
	if s, ok := f.Service(service); ok {
		if s.Divisor > 0 {
			divisor = s.Divisor
		}
		least = max(least, s.Least)
	}
	return Chargeable(grams, l, w, h, divisor, f.Tolerance, least)
}
