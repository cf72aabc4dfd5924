package sandbox

import "strings"

// task is a BatchSave that the client did not wait for.
type task struct {
	result any
	polls  int // that are answered with "still running"
}

// asynchronous says whether a BatchSave is to be begun only.
func (c *call) asynchronous() bool {
	v, _ := c.args.named.fold("beginmethod")
	return asText(v) != "" || c.r.Header.Get("beginmethod") != ""
}

// begin accepts a BatchSave; what it does is to be asked for.
func (b *Box) begin(c *call) any {
	answer := b.batch(c)
	if a, ok := answer.(*httpAnswer); ok {
		return a
	}
	c.failed = false
	id := guid(b.kit.Rand)
	b.tasks[id] = &task{result: answer, polls: b.options.AsyncPolls}
	return taskAnswer(id, 0, nil, 0)
}

func (b *Box) asyncResult(c *call) any {
	v, _ := c.args.named.fold("queryInfo")
	if len(c.args.list) > 0 {
		v = c.args.list[0]
	}
	if s, ok := v.(string); ok {
		inner, err := decode([]byte(s))
		if err != nil {
			return responseError("请求参数不是有效的JSON: " + err.Error())
		}
		v = inner
	}
	o, _ := v.(object)
	id := strings.TrimSpace(firstText(o, "TaskId"))
	t := b.tasks[id]
	switch {
	case t == nil:
		return c.fail(codeNotFound, nil, "未找到对应数据：任务“%s”不存在", "no data found: the task “%s” does not exist", id)
	case t.polls > 0:
		t.polls--
		return taskAnswer(id, 1, nil, 50)
	}
	return taskAnswer(id, 2, t.result, 100)
}

func taskAnswer(id string, status int, result any, progress int) object {
	return object{
		{"Status", status},
		{"TaskId", id},
		{"Result", result},
		{"IsFaulted", false},
		{"Cancelled", false},
		{"Successful", status == 2},
		{"Message", ""},
		{"Progress", progress},
		{"ProgressDesc", ""},
	}
}
