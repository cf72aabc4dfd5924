package bolt

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

// bbolt trusts its pages: one that was written over makes it panic, or read where no memory is.
// A person should read which file is damaged and what to do, not a stack.

// damaged turns a panic inside bbolt into *err. A panic of anybody else goes on: it is our mistake,
// not the file's. Use: defer damaged(path, &err)().
func damaged(path string, err *error) func() {
	before := debug.SetPanicOnFault(true) // or the process would end at a page that isn't there
	return func() {
		debug.SetPanicOnFault(before)
		why := recover()
		if why == nil {
			return
		}
		if !insideBolt() {
			panic(why)
		}
		*err = &problem.Error{
			Class: problem.Fatal, ID: "PC502", Err: fmt.Errorf("%v", why),
			Reason: "state file " + path + " is damaged",
			Hint:   "restore the newest backup: pipectl state restore FILE --reason TEXT; what was delivered since is found by asking the target",
		}
	}
}

// insideBolt says whether the panic that is being recovered from came up in bbolt's code.
func insideBolt() bool {
	stack := make([]uintptr, 64)
	frames := runtime.CallersFrames(stack[:runtime.Callers(1, stack)])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			panicked = panicked || f.Function == "runtime.gopanic" || f.Function == "runtime.sigpanic"
		case panicked:
			return strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		}
		if !more {
			return false
		}
	}
}
