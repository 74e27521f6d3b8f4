package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the result for a program to read.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

const head = "| engine | work | clients | requests/s | p50 ms | p99 ms | errors | server MB | limit/s | ratio (least-most) |\n" +
	"| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"

// Write writes the result as tables for people to read, and for a document to hold.
func (r *Result) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s, %d processors; load before %s, after %s; %d turns of %s each\n\n",
		r.At.Format("2006-01-02 15:04 UTC"), r.Program, r.Go, r.CPUs, r.Load, r.LoadEnd, r.Rounds, r.Slice)
	if len(r.Measured) > 0 {
		b.WriteString(head)
		for _, m := range r.Measured {
			b.WriteString(m.line() + "\n")
		}
	}
	if len(r.Facts) > 0 {
		b.WriteString("\n| engine | what | figure | aim | met |\n| --- | --- | ---: | --- | --- |\n")
		for _, f := range r.Facts {
			b.WriteString(f.line() + "\n")
		}
	}
	b.WriteString("\n")
	for _, n := range r.Notes {
		b.WriteString("- " + n + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (m Measure) line() string {
	ratio, limit, rss := "", "", "-"
	if m.Ratio > 0 {
		ratio, limit = fmt.Sprintf("%.2f (%s) of the %s", m.Ratio, m.Spread, m.Limit), fmt.Sprintf("%.0f", m.LimitPer)
	}
	if m.Group > 1.05 {
		ratio += fmt.Sprintf(", %.1f in a commit", m.Group)
	}
	if m.RSS > 0 {
		rss = fmt.Sprintf("%.0f", float64(m.RSS)/(1<<20))
	}
	return fmt.Sprintf("| %s | %s | %d | %.0f | %.2f | %.2f | %d | %s | %s | %s |", m.Engine, m.Work, m.Clients, m.PerSecond, m.P50, m.P99, m.Errors, rss, limit, ratio)
}

func (f Fact) line() string {
	met := ""
	if f.Aim != "" {
		met = "no"
		if f.Met {
			met = "yes"
		}
	}
	return fmt.Sprintf("| %s | %s | %.4g %s | %s | %s |", f.Engine, f.What, f.Value, f.Unit, f.Aim, met)
}
