"""The whole path on a real Apache Kafka."""

import pytest

from harness.rig import Rig
from harness.schemas import valid_records, watching  # noqa: F401
from harness.serve import Serve


@pytest.fixture(scope="module")
def rig(tmp_path_factory, real_kafka):
    """One bridge and broker per module; the device paths of its tests
    differ."""
    rig = Rig(tmp_path_factory.mktemp("rig"), real_kafka).start()
    yield rig
    rig.stop()


@pytest.fixture(scope="module")
def page_server(rig, tmp_path_factory):
    serve = Serve(tmp_path_factory.mktemp("serve"), rig.kafka.brokers,
                  rig.topics).start()
    yield serve
    serve.stop()


@pytest.fixture
def page(browser, page_server):
    """The customer's page. Other tests need no Selenium."""
    from harness.decide_page import Page
    return Page(browser, page_server.address())


@pytest.fixture
def rig_of(tmp_path, real_kafka):
    """Makes a rig of a test's own, which is stopped after the test if it
    started."""
    rigs = []

    def make(settings=None, **more):
        rigs.append(Rig(tmp_path / f"rig-{len(rigs)}", real_kafka, settings,
                        **more))
        return rigs[-1]

    yield make
    for rig in reversed(rigs):
        rig.stop()
