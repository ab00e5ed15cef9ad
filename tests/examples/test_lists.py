"""The examples in Go, Java and Node read the same lists as ztp-approver and the
one in Python (tests/local/test_allow_lists.py)."""

import os
import shutil
import subprocess

import pytest

from harness import lists, where

FINGERPRINTS = [f"{i:064x}" for i in range(1, len(lists.FORMS) + 1)]

# A program that prints what it has read from each file, sorted, on one line.
PROBES = {
    "go": ("probe.go", """package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	for _, path := range os.Args[1:] {
		found, err := readList(path)
		if err != nil {
			fmt.Println(err)
			continue
		}
		all := []string{}
		for one := range found {
			all = append(all, one)
		}
		slices.Sort(all)
		fmt.Println(strings.Join(all, " "))
	}
}
"""),
    "java": ("com/example/ztp/Probe.java", """package com.example.ztp;

import java.nio.file.Path;
import java.util.TreeSet;

final class Probe {
  public static void main(String[] args) {
    for (String path : args) {
      try {
        System.out.println(String.join(" ", new TreeSet<>(AllowList.read(Path.of(path)))));
      } catch (Exception error) {
        System.out.println(error.getMessage());
      }
    }
  }
}
"""),
    "node": ("probe.js", """import { readList } from './list.js'

for (const path of process.argv.slice(2)) {
  await readList(path).then(
    found => console.log([...found].sort().join(' ')),
    error => console.log(error.message))
}
"""),
}
READERS = {"go": "list.go", "java": "AllowList.java", "node": "list.js"}
BUILD = {
    "go": "go build -o probe list.go probe.go",
    "java": "javac -d . com/example/ztp/*.java",
    "node": "echo '{\"type\": \"module\"}' >package.json",
}
RUN = {"go": ["./probe"], "java": ["java", "com.example.ztp.Probe"],
       "node": ["node", "probe.js"]}


def read(language, folder, files):
    """The lines that the probe prints for those files."""
    name, source = PROBES[language]
    probe = folder / name
    probe.parent.mkdir(parents=True, exist_ok=True)
    probe.write_text(source)
    reader = next((where.ROOT / "examples" / language).rglob(READERS[language]))
    shutil.copy(reader, probe.parent)
    subprocess.run(["sh", "-c", BUILD[language]], cwd=folder, check=True,
                   timeout=120, env={**os.environ, "GO111MODULE": "off"})
    done = subprocess.run([*RUN[language], *files], cwd=folder, check=True,
                          timeout=60, capture_output=True, text=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("language", PROBES)
def test_lists(tmp_path, language):
    files, want = [], []
    for text in lists.texts(FINGERPRINTS):
        files.append(f"taken-{len(files)}")
        want.append(" ".join(FINGERPRINTS))
        (tmp_path / files[-1]).write_bytes(text.encode())
    for name, text in lists.refused(FINGERPRINTS[0]):
        files.append(f"refused-{len(files)}")
        want.append(f"{files[-1]}:3: not a SHA-256 fingerprint")
        (tmp_path / files[-1]).write_bytes(text.encode())
    for data, taken in lists.other_encodings(FINGERPRINTS[0]):
        files.append(f"other-{len(files)}")
        want.append(FINGERPRINTS[0] if taken else
                    f"{files[-1]}:1: not a SHA-256 fingerprint")
        (tmp_path / files[-1]).write_bytes(data)
    assert read(language, tmp_path, files) == want
