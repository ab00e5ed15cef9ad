// A hook for Mochi MQTT that lets ztp-bridge decide on new devices. It verifies
// a first connection, publishes the pending event once the device has subscribed
// to its command topic, and lets the device read nothing else.
package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	pendingTopic = "ztp/v1/pending"
	answerSuffix = "/events/provisioning"
)

type hook struct {
	mqtt.HookBase
	server             *mqtt.Server
	registries         map[string]registry // by "subscription/registry"
	keys               *keys
	bridge, bridgePass string
	held               sync.Map // *mqtt.Client: the event still to be published for it
}

type event struct {
	RequestID   string    `json:"request_id"`
	DevicePath  string    `json:"device_path"`
	Certificate string    `json:"certificate"` // base64 DER; never the password
	ReceivedAt  time.Time `json:"received_at"`
	RemoteAddr  string    `json:"remote_addr,omitempty"`
}

func (h *hook) ID() string { return "ztp" }

func (h *hook) Provides(b byte) bool {
	return slices.Contains([]byte{mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnSubscribed,
		mqtt.OnDisconnect}, b)
}

// OnConnectAuthenticate is called once per CONNECT, before a session is taken
// over. Anyone but the bridge is a device.
func (h *hook) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	if string(pk.Connect.Username) == h.bridge {
		return !devicePath.MatchString(cl.ID) && h.bridgePass != "" &&
			subtle.ConstantTimeCompare(pk.Connect.Password, []byte(h.bridgePass)) == 1
	}
	// From here on, nothing logs or stores the certificate.
	cl.Properties.Username = nil
	if err := h.admit(cl, pk); err != nil {
		h.Log.Warn("refused", "client", fmt.Sprintf("%.800q", cl.ID), "remote", cl.Net.Remote,
			"why", err)
		return false
	}
	return true
}

func (h *hook) admit(cl *mqtt.Client, pk packets.Packet) error {
	cert, err := verify(h.registries, cl.ID, string(pk.Connect.Username),
		string(pk.Connect.Password), time.Now())
	if err != nil {
		return err
	}
	if pk.Connect.WillFlag {
		return fmt.Errorf("a will, which a new device may not have")
	}
	// Nobody would receive the event: the device has to come again later.
	if len(h.server.Topics.Subscribers(pendingTopic).Subscriptions) == 0 {
		return fmt.Errorf("the bridge is not connected")
	}
	fingerprint := sha256.Sum256(cert.Raw)
	if err := h.keys.bind(cl.ID, fingerprint); err != nil {
		return err
	}
	// The same device uses the same id each time.
	id := sha256.Sum256(append([]byte(cl.ID), fingerprint[:]...))
	host, _, _ := net.SplitHostPort(cl.Net.Remote)
	cl.Properties.Username = fmt.Appendf(nil, "%x", fingerprint)
	h.held.Store(cl, event{fmt.Sprintf("%x", id[:16]), cl.ID,
		base64.StdEncoding.EncodeToString(cert.Raw), time.Now().UTC(), host})
	return nil
}

// OnSubscribed publishes the event, once per connection. Without answers.go,
// Mochi does not tell the bridge that nobody is subscribed, so the event waits
// until the device can receive the decision.
func (h *hook) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	for i, filter := range pk.Filters {
		if codes[i] >= packets.ErrUnspecifiedError.Code || filter.Filter != cl.ID+"/commands" {
			continue
		}
		if e, ok := h.held.LoadAndDelete(cl); ok {
			h.ask(e.(event))
		}
	}
}

func (h *hook) ask(e event) {
	told, _ := json.Marshal(map[string]any{"type": "provisioning", "request_id": e.RequestID,
		"status": "pending", "device_path": e.DevicePath, "retry_after_s": 60})
	question, _ := json.Marshal(e)
	err := h.server.Publish(e.DevicePath+"/commands", told, false, 1)
	if err == nil {
		err = h.server.Publish(pendingTopic, question, false, 1)
	}
	if err != nil {
		h.Log.Error("event not published", "client", e.DevicePath, "error", err)
	}
}

func (h *hook) OnDisconnect(cl *mqtt.Client, _ error, _ bool) { h.held.Delete(cl) }

// OnACLCheck is called for filters (as they are written), for every PUBLISH, and
// for every message about to be delivered. Everything not allowed here is denied.
func (h *hook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	device := devicePath.MatchString(cl.ID)
	switch {
	case device && write:
		return topic == cl.ID+answerSuffix // counts once its request is approved
	case device:
		return topic == cl.ID+"/commands"
	case write:
		path, isCommand := strings.CutSuffix(topic, "/commands")
		return isCommand && devicePath.MatchString(path) || strings.HasPrefix(topic, "ztp/v1/probe/")
	default:
		return strings.HasPrefix(topic, "ztp/") || strings.HasSuffix(topic, answerSuffix)
	}
}
