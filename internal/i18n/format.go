package i18n

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// WIB is the clock of western Indonesia, used where no shop's own is known.
var WIB = time.FixedZone("WIB", 7*3600)

var (
	days = map[string][7]string{
		ID: {"Minggu", "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu"},
		EN: {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
	}
	shortDays = map[string][7]string{
		ID: {"Min", "Sen", "Sel", "Rab", "Kam", "Jum", "Sab"},
		EN: {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
	}
	months = map[string][12]string{
		ID: {"Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember"},
		EN: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	}
	shortMonths = map[string][12]string{
		ID: {"Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"},
		EN: {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	}
)

// Number writes 12345 as "12.345" or, in English, "12,345".
func Number(lang string, n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	sep := byte('.')
	if lang == EN {
		sep = ','
	}
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(sep)
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// N is Number in the language of ctx.
func N(ctx context.Context, n int64) string { return Number(Lang(ctx), n) }

func point(lang string) string {
	if lang == EN {
		return "."
	}
	return ","
}

// Permille writes tenths of a percent: 284 is "28,4%".
func Permille(ctx context.Context, n int64) string {
	if n%10 == 0 {
		return N(ctx, n/10) + "%"
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return sign + N(ctx, n/10) + point(Lang(ctx)) + strconv.FormatInt(n%10, 10) + "%"
}

// Weight writes grams as "250 g" or "1,3 kg".
func Weight(ctx context.Context, grams int64) string {
	if grams < 1000 {
		return strconv.FormatInt(grams, 10) + " g"
	}
	s := N(ctx, grams/1000)
	if tenth := grams % 1000 / 100; tenth > 0 {
		s += point(Lang(ctx)) + strconv.FormatInt(tenth, 10)
	}
	return s + " kg"
}

// Zone is the short name of the clock that t shows: WIB, WITA or WIT.
func Zone(t time.Time) string {
	switch _, off := t.Zone(); off {
	case 7 * 3600:
		return "WIB"
	case 8 * 3600:
		return "WITA"
	case 9 * 3600:
		return "WIT"
	}
	name, _ := t.Zone()
	return name
}

// local shows UTC times on the clock of western Indonesia, others as they are.
func local(t time.Time) time.Time {
	if _, off := t.Zone(); off == 0 {
		return t.In(WIB)
	}
	return t
}

// Day writes "Sen, 23 Nov 2026".
func Day(ctx context.Context, t time.Time) string {
	t, lang := local(t), Lang(ctx)
	return fmt.Sprintf("%s, %d %s %d", shortDays[lang][t.Weekday()], t.Day(), shortMonths[lang][t.Month()-1], t.Year())
}

// LongDay writes "Senin, 23 November 2026".
func LongDay(ctx context.Context, t time.Time) string {
	t, lang := local(t), Lang(ctx)
	return fmt.Sprintf("%s, %d %s %d", days[lang][t.Weekday()], t.Day(), months[lang][t.Month()-1], t.Year())
}

// Weekday is the name of a day of the week.
func Weekday(ctx context.Context, d time.Weekday) string { return days[Lang(ctx)][d%7] }

// ShortWeekday is its short name.
func ShortWeekday(ctx context.Context, d time.Weekday) string { return shortDays[Lang(ctx)][d%7] }

// Month is the name of a month.
func Month(ctx context.Context, m time.Month) string { return months[Lang(ctx)][(m-1)%12] }

// Clock writes "14.05 WIB" or, in English, "14:05 WIB".
func Clock(ctx context.Context, t time.Time) string {
	t = local(t)
	if Lang(ctx) == EN {
		return t.Format("15:04 ") + Zone(t)
	}
	return t.Format("15.04 ") + Zone(t)
}

// When writes "Sen, 23 Nov 2026, 14.05 WIB".
func When(ctx context.Context, t time.Time) string { return Day(ctx, t) + ", " + Clock(ctx, t) }

// Window writes a stretch of hours that comes: "Besok, Sel 1 Des, 14.00–17.00";
// with a zero now, as on paper, without the word of the day.
func Window(ctx context.Context, from, until, now time.Time) string {
	from = local(from)
	until, lang := until.In(from.Location()), Lang(ctx)
	said := fmt.Sprintf("%s %d %s", shortDays[lang][from.Weekday()], from.Day(), shortMonths[lang][from.Month()-1])
	if !now.IsZero() {
		switch dayNumber(from) - dayNumber(now.In(from.Location())) {
		case 0:
			said = T(ctx, "time.window_today", said)
		case 1:
			said = T(ctx, "time.window_tomorrow", said)
		}
	}
	form := "15.04"
	if lang == EN {
		form = "15:04"
	}
	return said + ", " + from.Format(form) + "–" + until.Format(form)
}

// Ago writes how long before now t was: "baru saja", "5 menit lalu", "kemarin".
func Ago(ctx context.Context, t, now time.Time) string {
	t, now = local(t), now.In(local(t).Location())
	d := now.Sub(t)
	back := dayNumber(now) - dayNumber(t)
	switch {
	case d < 0 && -d > time.Minute:
		return Until(ctx, t, now)
	case d < time.Minute:
		return T(ctx, "time.now")
	case d < time.Hour:
		return T(ctx, "time.minutes_ago", int64(d/time.Minute))
	case back == 0 || d < 3*time.Hour:
		return T(ctx, "time.hours_ago", int64(d/time.Hour))
	case back == 1:
		return T(ctx, "time.yesterday")
	case back < 30:
		return T(ctx, "time.days_ago", back)
	}
	return Day(ctx, t)
}

// Until writes how long after now t will be: "besok", "3 hari lagi".
func Until(ctx context.Context, t, now time.Time) string {
	t, now = local(t), now.In(local(t).Location())
	d := t.Sub(now)
	ahead := dayNumber(t) - dayNumber(now)
	switch {
	case d < time.Minute:
		return T(ctx, "time.now")
	case d < time.Hour:
		return T(ctx, "time.in_minutes", int64(d/time.Minute))
	case ahead == 0:
		return T(ctx, "time.in_hours", int64(d/time.Hour))
	case ahead == 1:
		return T(ctx, "time.tomorrow")
	case ahead < 30:
		return T(ctx, "time.in_days", ahead)
	}
	return Day(ctx, t)
}

func dayNumber(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// Greeting is "Selamat pagi" and so on, by the clock that t shows.
func Greeting(ctx context.Context, t time.Time) string {
	t = local(t)
	switch m := t.Hour()*60 + t.Minute(); {
	case m < 11*60:
		return T(ctx, "greeting.morning")
	case m < 15*60:
		return T(ctx, "greeting.midday")
	case m < 18*60+30:
		return T(ctx, "greeting.afternoon")
	}
	return T(ctx, "greeting.night")
}

// Span writes a time of a day from one hour to another: "Sen, 23 Nov 2026, 14.00-17.00 WIB".
func Span(ctx context.Context, from, until time.Time) string {
	return Day(ctx, from) + ", " + strings.TrimSuffix(Clock(ctx, from), " "+Zone(local(from))) + "-" + Clock(ctx, until)
}
