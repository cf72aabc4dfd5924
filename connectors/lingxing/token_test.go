package lingxing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
)

const codeAnswer = `{"code":"%s","msg":"refused for the test","data":null}`

func TestATokenIsRenewedBeforeItsEndAndRefreshedFirst(t *testing.T) {
	s := newStub(t)
	s.answer = func(string, map[string]any) string { return s.list(nil, 0) }
	c := s.open(memory{}, 100)
	for _, step := range []struct {
		wait             time.Duration
		asked, refreshed int
	}{{0, 1, 0}, {90 * time.Minute, 1, 0}, {7 * time.Minute, 1, 1}, {95 * time.Minute, 1, 1}, {2 * time.Minute, 1, 2}, {3 * time.Hour, 2, 2}} {
		s.advance(step.wait)
		if err := s.shops(c); err != nil {
			t.Fatal(err)
		}
		if a, r := s.count(pathToken), s.count(pathRefresh); a != step.asked || r != step.refreshed {
			t.Errorf("after %v more: %d tokens and %d refreshes, want %d and %d", step.wait, a, r, step.asked, step.refreshed)
		}
	}
}

func TestARefusedRefreshIsFollowedByANewToken(t *testing.T) {
	s := newStub(t)
	s.answer = func(string, map[string]any) string { return s.list(nil, 0) }
	s.grant = func(path, _ string) string {
		if path == pathRefresh {
			return fmt.Sprintf(codeAnswer, "2001009")
		}
		s.tokens++
		return token(s.tokens)
	}
	c := s.open(memory{}, 100)
	for range 2 {
		if err := s.shops(c); err != nil {
			t.Fatal(err)
		}
		s.advance(100 * time.Minute)
	}
	if a, r := s.count(pathToken), s.count(pathRefresh); a != 2 || r != 1 {
		t.Errorf("%d tokens and %d refreshes", a, r)
	}
}

func TestATokenOutlivesTheProcessSealed(t *testing.T) {
	s := newStub(t)
	s.answer = func(string, map[string]any) string { return s.list(nil, 0) }
	vault := memory{}
	for range 3 {
		if err := s.shops(s.open(vault, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.count(pathToken); n != 1 || len(vault) != 1 {
		t.Errorf("%d tokens for three processes, %d values kept", n, len(vault))
	}
	for k, v := range vault {
		if strings.Contains(k+string(v), "token-1") {
			t.Errorf("the vault shows a token: %s=%q", k, v)
		}
		v[len(v)-1] ^= 1 // damaged: worthless, and no error
	}
	if err := s.shops(s.open(vault, 100)); err != nil || s.count(pathToken) != 2 {
		t.Errorf("after damage: %v, %d tokens", err, s.count(pathToken))
	}
}

func TestSealing(t *testing.T) {
	p := pair{Access: "a", Refresh: "r", Got: time.Unix(1, 0).UTC(), Life: time.Hour}
	sealed, err := seal("secret", "name", p)
	if err != nil {
		t.Fatal(err)
	}
	var got pair
	if err := unseal("secret", "name", sealed, &got); err != nil || got != p {
		t.Errorf("%+v, %v", got, err)
	}
	for what, err := range map[string]error{
		"another secret": unseal("other", "name", sealed, &got), "another name": unseal("secret", "other", sealed, &got),
		"too short": unseal("secret", "name", sealed[:5], &got),
	} {
		if err == nil {
			t.Errorf("%s opened it", what)
		}
	}
}

func TestARefusedLoginIsNotHammered(t *testing.T) {
	s := newStub(t)
	s.grant = func(string, string) string { return fmt.Sprintf(codeAnswer, "2001002") }
	c := s.open(memory{}, 100)
	for range 5 {
		wants(t, s.shops(c), problem.Fatal, idCredentials)
	}
	if n := s.count(pathToken); n != 1 {
		t.Errorf("%d requests within a minute", n)
	}
	s.advance(spacing)
	wants(t, s.shops(c), problem.Fatal, idCredentials)
	if n := s.count(pathToken); n != 2 {
		t.Errorf("%d requests after a minute", n)
	}
}

// A token of ours that ended is renewed once in a call; the call goes out again, once.
func TestAnEndedTokenHeals(t *testing.T) {
	for _, code := range []string{codeExpired, codeReplaced} {
		s := newStub(t)
		dead := map[string]bool{"access-token-1": true}
		s.answer = func(string, map[string]any) string {
			if dead[s.calls[len(s.calls)-1].token] {
				return fmt.Sprintf(codeAnswer, code)
			}
			return s.list(nil, 0)
		}
		if err := s.shops(s.open(memory{}, 100)); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		if n := s.count(pathShops); n != 2 {
			t.Errorf("%s: %d calls", code, n)
		}
	}
}

func TestNoTugOfWarOverTheToken(t *testing.T) {
	s := newStub(t)
	s.answer = func(string, map[string]any) string { return fmt.Sprintf(codeAnswer, codeReplaced) }
	c := s.open(memory{}, 100)
	wants(t, s.shops(c), problem.Transient, idOtherProgram)
	wants(t, s.shops(c), problem.Transient, idOtherProgram)
	wants(t, s.shops(c), problem.Transient, idOtherProgram)
	if n := s.count(pathToken) + s.count(pathRefresh); n > 2 {
		t.Errorf("%d requests for tokens", n)
	}
	s.answer = func(string, map[string]any) string { return s.list(nil, 0) }
	s.advance(2 * time.Minute)
	if err := s.shops(c); err != nil {
		t.Errorf("once the other one is gone: %v", err)
	}
}

func TestPairsAreReadTolerantly(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`{"access_token":"a","refresh_token":"r","expires_in":7199}`:   7199 * time.Second,
		`{"access_token":"a","refresh_token":"r","expires_in":"3600"}`: time.Hour,
		`{"access_token":"a"}`:                     defaultLife,
		`{"access_token":"a","expires_in":"soon"}`: defaultLife,
		`{"access_token":"a","expires_in":-5}`:     defaultLife,
		`{"refresh_token":"r"}`:                    0,
		`null`:                                     0,
		`[]`:                                       0,
	} {
		p, ok := readPair([]byte(text))
		if ok != (want > 0) || ok && p.Life != want {
			t.Errorf("%s: %+v %v", text, p, ok)
		}
	}
}
