package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// box is one sandbox, seen from its control endpoint.
type box struct {
	Name     string            `json:"name"`
	Settings map[string]string `json:"settings"`
	Control  string            `json:"control"`
}

// ask calls the control endpoint. into may be nil.
func (b box) ask(method, path string, body, into any) error {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, b.Control+path, in) //nolint:noctx // it ends with its sandbox
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", b.Name, path, bytes.TrimSpace(raw))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

func (b box) do(action string, args map[string]any) error {
	return b.ask(http.MethodPost, "do/"+action, args, nil)
}

func (b box) advance(d time.Duration) error {
	return b.ask(http.MethodPost, "clock", map[string]string{"advance": d.String()}, nil)
}

// faultPlan is a fault that is added before a run.
type faultPlan struct {
	Vendor string
	Fault  map[string]any
}
