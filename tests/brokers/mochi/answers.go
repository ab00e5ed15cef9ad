package main

import (
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// answers mends mochi's PUBACK, which has the QoS for a reason code: 0 where
// the message has gone to somebody, 0x10 where nobody is subscribed.
type answers struct {
	mqtt.HookBase
	server *mqtt.Server
	nobody sync.Map // of publish
}

type publish struct {
	client string
	id     uint16
}

func (h *answers) ID() string { return "answers" }

func (h *answers) Provides(b byte) bool {
	return b == mqtt.OnPublish || b == mqtt.OnPacketEncode
}

func (h *answers) OnPublish(c *mqtt.Client, p packets.Packet) (packets.Packet, error) {
	found := h.server.Topics.Subscribers(p.TopicName)
	if p.FixedHeader.Qos == 1 && len(found.Subscriptions)+len(found.Shared) == 0 {
		h.nobody.Store(publish{c.ID, p.PacketID}, true)
	}
	return p, nil
}

func (h *answers) OnPacketEncode(c *mqtt.Client, p packets.Packet) packets.Packet {
	if p.FixedHeader.Type != packets.Puback || p.ReasonCode != 1 {
		return p
	}
	p.ReasonCode = packets.CodeSuccess.Code
	if _, is := h.nobody.LoadAndDelete(publish{c.ID, p.PacketID}); is {
		p.ReasonCode = packets.CodeNoMatchingSubscribers.Code
	}
	return p
}
