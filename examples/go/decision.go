package main

import (
	"encoding/json"
	"errors"
)

type request struct {
	RequestID   string                `json:"request_id"`
	Device      struct{ Path string } `json:"device"`
	Certificate struct {
		Fingerprint string `json:"fingerprint_sha256"`
	} `json:"certificate"`
	DecisionTopic string `json:"decision_topic"`
	ExpiresAt     string `json:"expires_at"`
}

// The fingerprint binds a decision to the key it was made for.
type decision struct {
	RequestID   string            `json:"request_id"`
	DevicePath  string            `json:"device_path"`
	Fingerprint string            `json:"fingerprint_sha256"`
	DecidedBy   string            `json:"decided_by"`
	Decision    string            `json:"decision"`
	Reason      string            `json:"reason,omitempty"`
	Payload     map[string]string `json:"payload,omitempty"`
}

// read returns an error for a record that is not a request.
func read(value []byte) (r request, err error) {
	err = json.Unmarshal(value, &r)
	if err == nil && min(len(r.RequestID), len(r.Device.Path), len(r.Certificate.Fingerprint)) == 0 {
		err = errors.New("a member is missing")
	}
	return r, err
}

func decide(r request, allowed map[string]bool) decision {
	d := decision{RequestID: r.RequestID, DevicePath: r.Device.Path,
		Fingerprint: r.Certificate.Fingerprint, DecidedBy: group,
		Decision: "reject", Reason: "not_on_list"}
	if allowed[d.Fingerprint] {
		d.Decision, d.Reason = "approve", ""
		d.Payload = map[string]string{"ntp": "time.acme.example"}
	}
	return d
}
