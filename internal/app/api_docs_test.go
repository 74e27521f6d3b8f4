package app_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"lapak/internal/api"
	"lapak/internal/store/storetest"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// The commands of docs/api.md do what the page says, one after another.
func TestDocsRun(t *testing.T) {
	for _, tool := range []string{"curl", "jq", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED ALOUD: the commands of docs/api.md need %s, which is not installed", tool)
		}
	}
	doc, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, storetest.SQLite(t))
	sh := s.shop(t, "Dapur Bu Euis", 50)
	if _, err := s.Jobs.Drain(t.Context()); err != nil { // into the directory
		t.Fatal(err)
	}
	script := "set -eu\n"
	blocks := shellBlock.FindAllStringSubmatch(string(doc), -1)
	if len(blocks) < 10 {
		t.Fatalf("only %d blocks of commands in docs/api.md", len(blocks))
	}
	for _, b := range blocks {
		script += b[1]
	}
	script += "\necho the end\n"
	cmd := exec.CommandContext(t.Context(), "sh")
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = append(os.Environ(), "LAPAK="+s.url, "SHOP="+sh.slug, "LAPAK_KEY="+s.key(t, sh, api.Grants...))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "the end\n") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, want := range []string{`"number": "LPK-0001"`, `"state": "done"`, `"price": 13000`, `"on_hand": 31`, `%PDF-`, `"status": "delivered"`, "delivered  Jatinangor", "Rina Sari: 1 orders", `"archived"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the commands do not show %s:\n%s", want, out)
		}
	}
	s.holds(t)
}
