//go:build defects

package defect

import "os"

// On reports whether the mistake of that name is planted: LAPAK_DEFECT names it.
func On(name string) bool { return os.Getenv("LAPAK_DEFECT") == name }
