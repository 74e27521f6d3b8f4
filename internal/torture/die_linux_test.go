package torture_test

import "syscall"

// dieWithUs ends a server with the test that started it, however that ends.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
