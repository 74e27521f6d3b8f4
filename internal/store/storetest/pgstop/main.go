// Command pgstop stops and removes the private PostgreSQL server of the tests.
package main

import (
	"context"
	"fmt"
	"os"

	"lapak/internal/store/storetest"
)

func main() {
	if err := storetest.Stop(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
