// A mochi broker as its users write one: the library, a store on disk, and
// command line options.
package main

import (
	"crypto/tls"
	"flag"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/hooks/storage/badger"
	"github.com/mochi-mqtt/server/v2/listeners"
)

var (
	address  = flag.String("listen", "127.0.0.1:1883", "address and port")
	data     = flag.String("data", "", "folder of the store; none: in memory")
	cert     = flag.String("cert", "", "certificate of the TLS listener")
	key      = flag.String("key", "", "and its key")
	users    = flag.String("users", "", "name:password,...; none: anybody")
	queue    = flag.Int("queue", 0, "messages that wait for one session")
	truthful = flag.Bool("truthful", false, "PUBACK says 0 or 0x10")
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func options() *mqtt.Options {
	capabilities := mqtt.NewDefaultServerCapabilities()
	if *queue > 0 {
		capabilities.MaximumInflight = uint16(min(*queue, 65535))
		capabilities.MaximumClientWritesPending = int32(*queue)
	}
	return &mqtt.Options{Capabilities: capabilities}
}

func ledger() *auth.Options {
	if *users == "" {
		return &auth.Options{Ledger: &auth.Ledger{
			Auth: auth.AuthRules{{Allow: true}},
		}}
	}
	var rules auth.AuthRules
	for _, user := range strings.Split(*users, ",") {
		name, password, _ := strings.Cut(user, ":")
		rules = append(rules, auth.AuthRule{
			Username: auth.RString(name),
			Password: auth.RString(password),
			Allow:    true,
		})
	}
	return &auth.Options{Ledger: &auth.Ledger{Auth: rules}}
}

func listener() listeners.Listener {
	config := listeners.Config{ID: "mqtt", Address: *address}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		config.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	return listeners.NewTCP(config)
}

func main() {
	flag.Parse()
	server := mqtt.New(options())
	check(server.AddHook(new(auth.Hook), ledger()))
	if *data != "" {
		check(server.AddHook(new(badger.Hook), &badger.Options{Path: *data}))
	}
	if *truthful {
		check(server.AddHook(&answers{server: server}, nil))
	}
	check(server.AddListener(listener()))
	check(server.Serve())
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
	check(server.Close())
}
