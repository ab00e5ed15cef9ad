"""paho-mqtt 1.6 (Debian 12) and 2.x (Debian 13) behind one face.

The releases differ in what a callback is given. Here both call

    on_connect(code, session_present)
    on_disconnect(code)
    on_subscribe(mid, codes)

with plain numbers. The code of a CONNACK is the one that was on the wire:
paho 2 shows MQTT 3.1.1's as MQTT 5 would have it. The code of a connection
that was lost is paho's own, and not 0."""

from paho.mqtt import client as paho

SECOND = hasattr(paho, "CallbackAPIVersion")
# MQTT 5's code, as paho 2 shows it -> MQTT 3.1.1's
CONNACK_3 = {0: 0, 0x84: 1, 0x85: 2, 0x88: 3, 0x86: 4, 0x87: 5}


def new_client(client_id, version, session):
    """session: MQTT 3.1.1 says in the constructor that the broker keeps it."""
    options = {"protocol": paho.MQTTv5 if version == 5 else paho.MQTTv311}
    if version != 5:
        options["clean_session"] = not session
    if SECOND:
        options["callback_api_version"] = paho.CallbackAPIVersion.VERSION2
    return paho.Client(client_id=client_id, **options)


def number(code):
    return code if isinstance(code, int) else code.value


def session_present(flags):
    return bool(flags["session present"] if isinstance(flags, dict)
                else flags.session_present)


def watch(client, version, on_connect=None, on_disconnect=None,
          on_subscribe=None):
    """Sets the callbacks that differ."""

    def connected(_client, _data, flags, code, _properties=None):
        code = number(code)
        if SECOND and version != 5:
            code = CONNACK_3[code]
        on_connect(code, session_present(flags))

    def disconnected(_client, _data, *said):
        # Release 1: code[, properties]; release 2: flags, code, properties.
        on_disconnect(number(said[1 if SECOND else 0]))

    def subscribed(_client, _data, mid, codes, _properties=None):
        on_subscribe(mid, [number(code) for code in codes])

    if on_connect:
        client.on_connect = connected
    if on_disconnect:
        client.on_disconnect = disconnected
    if on_subscribe:
        client.on_subscribe = subscribed
