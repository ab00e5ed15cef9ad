package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// readCAs reads the file's certificates, which must all be CAs.
func readCAs(name string, r *registry) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	r.cas, r.caKeys = x509.NewCertPool(), map[[32]byte]bool{}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !ca.IsCA {
			return fmt.Errorf("%s: not a CA certificate: %v", name, err)
		}
		r.cas.AddCert(ca)
		r.caKeys[sha256.Sum256(ca.RawSubjectPublicKeyInfo)] = true
	}
	if len(r.caKeys) == 0 {
		return fmt.Errorf("%s: contains no certificate", name)
	}
	return nil
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	listen := flag.String("listen", "127.0.0.1:1883", "address")
	cert := flag.String("tls-cert", "", "the broker's certificate; empty for no TLS")
	key := flag.String("tls-key", "", "its key")
	name := flag.String("registry", "acme/plant-7", "subscription/registry of the devices")
	ca := flag.String("ca", "", "file with the CAs that sign their certificates")
	audience := flag.String("audience", "", "audience (aud) of their JWTs")
	bridge := flag.String("bridge", "ztp-bridge", "the bridge's username")
	passwordFile := flag.String("bridge-password-file", "", "the file that holds its password")
	keysFile := flag.String("keys", "keys.txt", "file that records which certificate owns a path")
	flag.Parse()

	r := registry{audience: *audience}
	check(readCAs(*ca, &r))
	password, err := os.ReadFile(*passwordFile)
	check(err)
	known, err := openKeys(*keysFile)
	check(err)
	config := listeners.Config{ID: "mqtt", Address: *listen}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		config.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	}

	capabilities := mqtt.NewDefaultServerCapabilities()
	capabilities.MaximumInflight = 65535 // events that wait for a bridge that is away
	capabilities.MaximumPacketSize = 160 << 10
	server := mqtt.New(&mqtt.Options{InlineClient: true, Capabilities: capabilities,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{
			// Mochi logs the whole packet if it is invalid, and a second CONNECT
			// contains a password.
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == "pk" || a.Key == "packet" {
					return slog.Attr{}
				}
				return a
			}}))})
	check(server.AddHook(&hook{server: server, registries: map[string]registry{*name: r}, keys: known,
		bridge: *bridge, bridgePass: strings.TrimRight(string(password), "\r\n")}, nil))
	check(server.AddHook(&answers{server: server}, nil))
	check(server.AddListener(listeners.NewTCP(config)))
	check(server.Serve())
	done := make(chan os.Signal, 1)
	signal.Notify(done, syscall.SIGTERM, os.Interrupt)
	<-done
	check(server.Close())
}
