package main

import (
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// answers corrects the reason code of Mochi's PUBACK: 0, or 0x10 if there are
// no matching subscribers, which tells the bridge to try again. Mochi itself puts
// the QoS there, and reason code 1 is a protocol error to some clients, such as
// libmosquitto.
type answers struct {
	mqtt.HookBase
	server  *mqtt.Server
	unheard sync.Map // *mqtt.Client: packet ID of its last publish without a subscriber
}

func (a *answers) ID() string { return "answers" }

func (a *answers) Provides(b byte) bool {
	return b == mqtt.OnPublish || b == mqtt.OnPacketEncode || b == mqtt.OnDisconnect
}

func (a *answers) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	found := a.server.Topics.Subscribers(pk.TopicName)
	if len(found.Subscriptions)+len(found.Shared) == 0 {
		a.unheard.Store(cl, pk.PacketID)
	}
	return pk, nil
}

// Mochi writes the PUBACK in the goroutine that called OnPublish, right after it.
func (a *answers) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	if pk.FixedHeader.Type == packets.Puback && pk.ReasonCode == packets.CodeGrantedQos1.Code {
		pk.ReasonCode = packets.CodeSuccess.Code
		if a.unheard.CompareAndDelete(cl, pk.PacketID) {
			pk.ReasonCode = packets.CodeNoMatchingSubscribers.Code
		}
	}
	return pk
}

func (a *answers) OnDisconnect(cl *mqtt.Client, _ error, _ bool) { a.unheard.Delete(cl) }
