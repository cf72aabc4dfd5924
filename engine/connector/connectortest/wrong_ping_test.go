package connectortest_test

import (
	"context"

	"github.com/pipectl/pipectl/engine/problem"
)

// Ping logs in; in a session that stands it asks for one order.
func (w *wrong) Ping(ctx context.Context) error {
	times := 1
	if w.bug == "a question is asked three times" {
		times = 3
	}
	var err error
	for range times {
		if err = w.question(ctx); err == nil && times == 1 {
			return nil
		}
	}
	return err
}

func (w *wrong) question(ctx context.Context) error {
	w.mu.Lock()
	known := w.token != ""
	w.mu.Unlock()
	token, p := w.session(ctx, "")
	if p != nil {
		told := *p
		told.Login = p.Class == problem.Fatal && w.bug != "a refused login is an error like others"
		return &told
	}
	if !known {
		return nil
	}
	_, err := w.post(ctx, "list", ask{Token: token, Object: "orders", Most: 1})
	return err
}
