// Package defect plants mistakes in a build of its own, so that the tests of
// internal/torture can show that they would see one. Only the linker can turn
// it on (-X lapak/internal/defect.planted=yes); no released build does.
package defect

import "os"

var planted string // set by the linker, in the tests' own build

// On reports whether the mistake of that name is planted: LAPAK_DEFECT names
// it, in a build that has them.
func On(name string) bool { return planted != "" && os.Getenv("LAPAK_DEFECT") == name }
