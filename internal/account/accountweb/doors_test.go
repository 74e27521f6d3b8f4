package accountweb_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"lapak/internal/account/accountweb"
	"lapak/internal/authz"
	"lapak/internal/ui"
)

// The service worker empties the pages it keeps wherever one person may take
// another's place: at each address that a guest may POST to, and where a
// person goes from one business to another.
func TestEveryDoorEmptiesKeptPages(t *testing.T) {
	src, _ := ui.AssetBytes("js/sw.js")
	m := regexp.MustCompile(`(?m)^const DOORS = /(.*)/;$`).FindSubmatch(src)
	if m == nil {
		t.Fatal("the worker lists no doors")
	}
	doors := regexp.MustCompile(strings.ReplaceAll(string(m[1]), `\/`, "/"))
	n := 0
	for _, rt := range accountweb.Routes(nil) {
		if rt.Method() != http.MethodPost || rt.Verb != authz.Public && rt.Path() != "/akun/usaha" && rt.Path() != "/akun/tutup" && rt.Path() != "/undangan/{token}" {
			continue
		}
		n++
		if path := strings.NewReplacer("{token}", "abc", "{member}", "abc").Replace(rt.Path()); !doors.MatchString(path) {
			t.Errorf("%s is no door to the service worker", rt.Pattern)
		}
	}
	if n < 12 || doors.MatchString("/kotak") || doors.MatchString("/antaran/x/penyerahan") {
		t.Errorf("%d doors, or one where nobody changes", n)
	}
}
