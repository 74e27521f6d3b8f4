package e2e

import "testing"

// TestInABrowser tells the stories that the site is for, and then looks at every page.
func TestInABrowser(t *testing.T) {
	s := newSite(t)
	sh := s.shop(t, "Dapur Sari")
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"main way", func(t *testing.T) { mainWay(t, s) }},
		{"buyer without script", func(t *testing.T) { withoutScript(t, s, sh) }},
		{"arrives by itself", func(t *testing.T) { arrivesByItself(t, s) }},
		{"counter", func(t *testing.T) { atTheCounter(t, s, sh) }},
		{"helper by PIN", func(t *testing.T) { helperByPIN(t, s) }},
		{"English", func(t *testing.T) { inEnglish(t, s, sh) }},
		{"every page", func(t *testing.T) { everyPage(t, s) }},
	} {
		t.Run(test.name, test.run)
	}
}
