"""Every broker exports the symbols that the plugin needs. Debian 12 exports
more than upstream's list, so a plugin that loads there proves nothing."""

import re
import subprocess

from harness.where import binary

# Upstream's list at 2.0.11; 2.0.21 has the same, 2.1.2 has more.
EXPORTED = set("""
broker_publish broker_publish_copy callback_register callback_unregister
calloc client_address client_certificate client_clean_session client_id
client_keepalive client_protocol client_protocol_version client_sub_count
client_username free kick_client_by_clientid kick_client_by_username
log_printf malloc property_add_binary property_add_byte property_add_int16
property_add_int32 property_add_string property_add_string_pair
property_add_varint property_free_all pub_topic_check realloc set_username
strdup sub_topic_check topic_matches_sub validate_utf8
""".split())


def test_nothing_is_wanted_that_a_broker_lacks():
    """ldd resolves what it can from the libraries that the plugin names. The
    program that loads the plugin has to provide the rest."""
    done = subprocess.run(["ldd", "-r", binary("mosquitto_ztp_gate.so")],
                          check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    wanted = set(re.findall(r"undefined symbol: (\w+)", done.stdout))
    assert "mosquitto_callback_register" in wanted, done.stdout
    assert not wanted - {f"mosquitto_{name}" for name in EXPORTED}
