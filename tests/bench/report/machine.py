"""The machine that a benchmark ran on, and the versions of everything."""

import os
import pathlib
import platform
import subprocess
import time

from harness import mosquitto, where


def said(argv, line=0):
    done = subprocess.run(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.splitlines()[line].strip()


def debian(package):
    return said(["dpkg-query", "-W", "-f", "${Version}\n", package])


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = [line for line in info if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "model": model[0].split(":")[1].strip() if model else "",
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf(
            "SC_PAGE_SIZE"),
        "kernel": platform.release().split("-")[0],
        "mosquitto": said([mosquitto.find(), "-h"]).split()[-1],
        "kafka": pathlib.Path(where.kafka_jars()).name.split("-")[-1],
        "librdkafka": debian("librdkafka-dev"),
        "paho": debian("libpaho-mqtt-dev"),
        "java": said(["java", "-version"]).split('"')[1],
        "bridge": said([where.binary("ztp-bridge"), "--version"]),
        "load_average_before": os.getloadavg()[0],
        "at": time.strftime("%Y-%m-%d", time.gmtime()),
    }
