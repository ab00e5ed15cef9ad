package main

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	skew        = 10 * time.Minute
	lifetimeMax = 24 * 60 * 60 // seconds
)

const id = `[A-Za-z0-9][A-Za-z0-9._~%-]{0,254}`

var devicePath = regexp.MustCompile(
	`\Asubscriptions/(` + id + `)/registries/(` + id + `)/devices/` + id + `\z`)

// Only a registry's own CAs sign certificates of its devices.
type registry struct {
	cas      *x509.CertPool
	caKeys   map[[32]byte]bool // SHA-256 of each CA's public key
	audience string
}

// verify verifies a first connection: path, certificate and proof, and that they
// belong together. It returns the certificate, or an error without any secret.
func verify(registries map[string]registry, path, username, password string, now time.Time) (
	*x509.Certificate, error) {
	part := devicePath.FindStringSubmatch(path)
	if part == nil || len(path) > 800 {
		return nil, errors.New("client ID is not a device path")
	}
	r, known := registries[part[1]+"/"+part[2]]
	if !known {
		return nil, errors.New("no such registry")
	}
	cert, err := readCertificate(username)
	if err != nil {
		return nil, err
	}
	if cert.IsCA || r.caKeys[sha256.Sum256(cert.RawSubjectPublicKeyInfo)] {
		return nil, errors.New("certificate: belongs to a CA")
	}
	alg, err := checkKey(cert)
	if err != nil {
		return nil, err
	}
	// Checks signature, issuer, validity of both, key usage and critical
	// extensions. A v1 leaf has no key usage and is accepted for any purpose.
	if _, err := cert.Verify(x509.VerifyOptions{Roots: r.cas, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return cert, checkProof(password, cert, alg, path, r.audience, now)
}

// readCertificate accepts base64 DER, or PEM with its newlines kept, removed,
// replaced by spaces or written as \n.
func readCertificate(text string) (*x509.Certificate, error) {
	bare := strings.NewReplacer("-----BEGIN CERTIFICATE-----", "", "-----END CERTIFICATE-----", "",
		`\n`, "", "\n", "", "\r", "", " ", "").Replace(text)
	der, err := base64.StdEncoding.Strict().DecodeString(bare)
	if len(text) > 16384 || err != nil {
		return nil, errors.New("username is not a certificate")
	}
	cert, err := x509.ParseCertificate(der) // rejects trailing data
	if err != nil {
		return nil, errors.New("username is not a certificate")
	}
	return cert, nil
}

// The key determines the algorithm of the proof, never the proof itself.
func checkKey(cert *x509.Certificate) (alg string, err error) {
	if cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return "", errors.New("certificate: key usage forbids signatures")
	}
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); key.E == 65537 && bits >= 2048 && bits <= 4096 {
			return "RS256", nil
		}
	case *ecdsa.PublicKey:
		switch key.Curve.Params().Name {
		case "P-256":
			return "ES256", nil
		case "P-384":
			return "ES384", nil
		}
	}
	return "", errors.New("certificate: key is not RSA 2048-4096, P-256 or P-384")
}

func checkProof(text string, cert *x509.Certificate, alg, path, audience string,
	now time.Time) error {
	claims := jwt.MapClaims{}
	options := []jwt.ParserOption{jwt.WithValidMethods([]string{alg}), jwt.WithStrictDecoding(),
		jwt.WithJSONNumber(), jwt.WithLeeway(skew), jwt.WithIssuedAt(), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now })}
	if audience != "" {
		options = append(options, jwt.WithAudience(audience))
	}
	token, err := jwt.NewParser(options...).ParseWithClaims(text, claims,
		func(*jwt.Token) (any, error) { return cert.PublicKey, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenInvalidAudience):
		return err
	case err != nil:
		// Other errors may quote the input.
		return errors.New("JWT: malformed, or not signed with the certificate's key")
	}
	if _, asks := token.Header["crit"]; asks {
		return errors.New("JWT: unknown critical header")
	}
	issued, ok := seconds(claims["iat"])
	expires, ok2 := seconds(claims["exp"])
	if !ok || !ok2 || issued < 0 || expires <= issued || expires-issued > lifetimeMax {
		return errors.New("JWT: iat and exp must be integers at most 24 h apart")
	}
	if sub, there := claims["sub"]; there && sub != path {
		return errors.New("JWT: sub is not the device path")
	}
	return nil
}

func seconds(claim any) (int64, bool) {
	number, ok := claim.(json.Number)
	value, err := number.Int64()
	return value, ok && err == nil
}
