package lingxing

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
)

// The token outlives the process, so that each command of a day doesn't ask for a new one, which
// would end the token of a service that runs beside it. It is sealed with a key made of the
// secret: whoever has the state file alone has nothing.

func (t *tokens) vaultKey() string { return "token/" + t.c.Account() }

func (t *tokens) load(ctx context.Context) {
	t.loaded = true
	if t.vault == nil {
		return
	}
	sealed, err := t.vault.Load(ctx, t.vaultKey())
	if err == nil && sealed != nil {
		err = unseal(t.c.cfg.Secret, t.vaultKey(), sealed, &t.now)
	}
	if err != nil {
		t.c.log.Warn("the stored token cannot be used, a new one is asked for", "connection", t.c.name, "error", err)
		return
	}
	t.c.http.Redactor().Add(t.now.Access)
	t.c.http.Redactor().Add(t.now.Refresh)
}

func (t *tokens) save(ctx context.Context) {
	if t.vault == nil {
		return
	}
	sealed, err := seal(t.c.cfg.Secret, t.vaultKey(), t.now)
	if err == nil {
		err = t.vault.Save(ctx, t.vaultKey(), sealed)
	}
	if err != nil { // the token works all the same
		t.c.log.Warn("the token cannot be stored", "connection", t.c.name, "error", err)
	}
}

// box makes the cipher; name is bound to what it seals.
func box(secret, name string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), []byte(name), "pipectl lingxing token", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(secret, name string, p pair) ([]byte, error) {
	aead, err := box(secret, name)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, text, []byte(name)), nil
}

var errSealed = errors.New("it was sealed with another secret, or damaged")

func unseal(secret, name string, sealed []byte, into *pair) error {
	aead, err := box(secret, name)
	if err != nil {
		return err
	}
	if len(sealed) < aead.NonceSize() {
		return errSealed
	}
	text, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(name))
	if err != nil {
		return errSealed
	}
	return json.Unmarshal(text, into)
}
