package account

import (
	"embed"
	"fmt"
)

//go:embed legal
var legalFiles embed.FS

// shipped is the text that Lapak brings along until the office publishes its own.
func shipped(kind, lang string) string {
	if lang != "en" {
		lang = "id"
	}
	raw, err := legalFiles.ReadFile("legal/" + kind + "." + lang + ".txt")
	if err != nil {
		panic(fmt.Sprintf("account: %v", err)) // embedded when built
	}
	return string(raw)
}
