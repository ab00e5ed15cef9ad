"""One interface to paho-mqtt 1.6 (Debian 12) and 2.x (Debian 13).

The releases pass different arguments to callbacks. Here both call

    on_connect(code, session_present)
    on_disconnect(code)
    on_subscribe(mid, codes)

with plain numbers. The code of a CONNACK is the one on the wire, although paho
2 translates MQTT 3.1.1's codes to MQTT 5. The code of a lost connection is
paho's own, and not 0."""

import ssl

from paho.mqtt import client as paho

SECOND = hasattr(paho, "CallbackAPIVersion")
# MQTT 5's code, as paho 2 reports it -> MQTT 3.1.1's
CONNACK_3 = {0: 0, 0x84: 1, 0x85: 2, 0x88: 3, 0x86: 4, 0x87: 5}


class Client(paho.Client):
    """What the broker closes under a write is lost with TLS, too. paho looks for
    ConnectionError alone, and its thread would end with an exception."""

    def _sock_send(self, *args, **more):
        try:
            return super()._sock_send(*args, **more)
        except ssl.SSLError as error:
            raise ConnectionError(str(error)) from error

    def _sock_recv(self, *args, **more):
        try:
            return super()._sock_recv(*args, **more)
        except ssl.SSLError as error:
            raise ConnectionError(str(error)) from error


def new_client(client_id, version, session):
    """session: with MQTT 3.1.1 the constructor says whether the broker keeps
    it."""
    options = {"protocol": paho.MQTTv5 if version == 5 else paho.MQTTv311}
    if version != 5:
        options["clean_session"] = not session
    if SECOND:
        options["callback_api_version"] = paho.CallbackAPIVersion.VERSION2
    return Client(client_id=client_id, **options)


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
