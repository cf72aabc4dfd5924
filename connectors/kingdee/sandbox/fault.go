package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// The kinds of faults that this server adds to those of the kit.
const (
	FaultThrottled     = "throttled"       // MsgCode 14, nothing was done
	FaultNetControl    = "net-control"     // MsgCode 13, nothing was done
	FaultDatabase      = "database"        // MsgCode 6; Arg "after": done all the same
	FaultException     = "exception"       // MsgCode 4; Arg "after": done all the same
	FaultLostSession   = "lost-session"    // the session ends; Arg: none, once, twice, twice-null, bare-errors
	FaultResponseError = "response-error"  // the text response_error: with status 200; Arg "after": done all the same
	FaultPartialBatch  = "partial-batch"   // BatchSave omits rows; Arg "0,2" or "0,2 dropped" (not saved either); empty: the last
	FaultEnvelopeText  = "string-envelope" // the envelope as a JSON text
	FaultLateRow       = "late-row"        // what this save writes is dated back, by Delay or an hour
)

// FaultKinds says what each of them does.
func (b *Box) FaultKinds() map[string]string {
	return map[string]string{
		FaultThrottled:     "answers MsgCode 14, nothing was done",
		FaultNetControl:    "answers MsgCode 13, nothing was done",
		FaultDatabase:      "answers MsgCode 6; with arg after: done all the same",
		FaultException:     "answers MsgCode 4; with arg after: done all the same",
		FaultLostSession:   "ends the session and says so; arg is the wrapping: none, once, twice, twice-null, bare-errors",
		FaultResponseError: "answers the text response_error: with status 200; with arg after: done all the same",
		FaultPartialBatch:  "BatchSave leaves rows out of its answer: arg 0,2 or 0,2 dropped (not saved either); empty: the last row",
		FaultEnvelopeText:  "answers the envelope as a JSON text",
		FaultLateRow:       "what this call saves is dated back, by delay or an hour",
	}
}

// answer does a call, under the lock of the server, with whatever fault waits for it.
func (b *Box) answer(c *call) *httpAnswer {
	b.mu.Lock()
	a := c.run()
	b.count(c)
	b.mu.Unlock()
	if a != nil {
		return a
	}
	return jsonAnswer(c.result)
}

// run leaves the answer in c.result, to be written without the lock, or returns it.
func (c *call) run() *httpAnswer {
	if refused := c.authenticate(); refused != nil {
		return refused
	}
	if c.box.tooMany(c.box.kit.Clock.Now()) {
		return c.broken(FaultThrottled)
	}
	f, ok := c.box.kit.Faults.Take(c.r.URL.Path, c.body, FaultThrottled, FaultNetControl, FaultDatabase, FaultException,
		FaultLostSession, FaultResponseError, FaultEnvelopeText, FaultLateRow, FaultPartialBatch)
	if !ok {
		return c.do()
	}
	c.box.kit.Log.Info("fault", "kind", f.Kind, "path", c.r.URL.Path)
	switch f.Kind {
	case FaultLostSession:
		c.box.end(c.sid, c.now)
		return c.lost(f.Arg)
	case FaultEnvelopeText:
		a := c.do()
		if a == nil {
			a = jsonAnswer(c.result)
		}
		return jsonAnswer(string(a.body))
	case FaultLateRow:
		c.late = lateness(f)
		return c.do()
	case FaultPartialBatch:
		c.partial = &f.Arg
		return c.do()
	}
	if f.Arg == "after" {
		_ = c.do() // done, but the client learns something else
	}
	return c.broken(f.Kind)
}

func lateness(f sandbox.Fault) time.Duration {
	if f.Delay > 0 {
		return f.Delay
	}
	return time.Hour
}

// broken is the answer of a server that has no time, or breaks down.
func (c *call) broken(kind string) *httpAnswer {
	switch kind {
	case FaultThrottled:
		return jsonAnswer(c.fail(codeThrottled, nil, "调用过于频繁，已超出调用限制，请稍后再试", "too many calls, the limit is exceeded, try again later"))
	case FaultNetControl:
		return jsonAnswer(c.fail(codeNetControl, nil, "网络控制冲突：单据正在被用户%s操作，请稍后再试", "net-control conflict: the document is in use by %s, try again later", Person))
	case FaultDatabase:
		return jsonAnswer(c.fail(codeDatabase, nil, "数据库操作失败：事务与另一个进程被死锁", "database operation failed: deadlock with another process"))
	case FaultException:
		return jsonAnswer(c.fail(codeException, nil, "发生异常：未将对象引用设置到对象的实例。", "exception: object reference not set to an instance of an object."))
	}
	c.failed = true
	return responseError("发生时间：" + c.now.Format("2006-01-02 15:04:05") + " 错误信息：未将对象引用设置到对象的实例。")
}

// do calls the service. What may have changed something is kept for the next process before it
// is answered.
func (c *call) do() *httpAnswer {
	c.result = c.service.do(c.box, c)
	if c.service.write {
		if err := c.box.kit.Record(callKind, c.record()); err != nil {
			return textAnswer(http.StatusInternalServerError, err.Error())
		}
	}
	if a, ok := c.result.(*httpAnswer); ok {
		return a
	}
	return nil
}

func (b *Box) count(c *call) {
	t := b.calls[c.service.short]
	if t == nil {
		t = &tally{}
		b.calls[c.service.short] = t
	}
	t.Calls++
	if c.failed {
		t.Failed++
	}
}

// omission is which rows of a batch's answer are left out, and whether they are saved.
type omission struct {
	rows    []int
	dropped bool
}

func (c *call) omission(rows int) omission {
	if c.partial == nil {
		return omission{}
	}
	list, how, _ := strings.Cut(strings.TrimSpace(*c.partial), " ")
	o := omission{dropped: strings.TrimSpace(how) == "dropped"}
	for s := range strings.SplitSeq(list, ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
			o.rows = append(o.rows, n)
		}
	}
	if len(o.rows) == 0 {
		o.rows = []int{rows - 1}
	}
	return o
}

func (o omission) hides(row int) bool { return slices.Contains(o.rows, row) }
