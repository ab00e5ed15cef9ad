package main

import (
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// answers makes Mochi's PUBACK say what MQTT 5 has it say: 0, or 0x10 where
// nobody is subscribed, which tells the bridge to try again. Mochi's own has the
// QoS for a reason code; 1 is a protocol error to some clients, libmosquitto
// among them.
type answers struct {
	mqtt.HookBase
	server  *mqtt.Server
	unheard sync.Map // *mqtt.Client: the packet ID of its last publish, to nobody
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

// Mochi writes it in the goroutine that has called OnPublish, straight after.
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
