"""The bridge's admin pages."""

import json
import urllib.error
import urllib.request


def fetch(address, name):
    """(status, text); status 0: it ended while it was asked."""
    try:
        with urllib.request.urlopen(
            f"http://{address}/{name}", timeout=60
        ) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except ConnectionError:
        return 0, ""


def ready(rig):
    return fetch(rig.bridge.settings["http"]["listen"], "readyz")


def is_ready(rig):
    return ready(rig)[0] == 200


def unready_names(rig, part):
    """True if the bridge says that it is not ready because of that part."""
    status, text = ready(rig)
    return status == 503 and part in json.dumps(text)
