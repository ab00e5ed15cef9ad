"""What the tools are given: a file or argument of size + over bytes. Each step
is (program, arguments, content of the file, what stderr says beyond the bound).
"""

KIB, MIB = 1024, 1 << 20
URL = ["--url", "mqtt://127.0.0.1:1"]
DEVICE = ["--id", "subscriptions/a/registries/b/devices/c", "--wait", "1"]
# A property that is none ends a program that would run, after its files.
ENDS = ["-X", "no.such=1"]


def file_of(size):
    return lambda over: b"#" * (size + over)


STEPS = {
    "cert_file": ("ztp-device", [*URL, *DEVICE, "--key", "FILE", "--cert",
                                 "FILE"], file_of(64 * KIB), "larger than"),
    "broker_cas": ("ztpctl", ["--url", "mqtts://127.0.0.1:1", "--ca", "FILE",
                              "registry", "list"], file_of(4 * MIB),
                   "larger than"),
    "password_file": ("ztpctl", [*URL, "--username", "u", "--password-file",
                                 "FILE", "registry", "list"],
                      file_of(4096), "larger than"),
    "broker_config": ("ztpctl", [*URL, "doctor", "--broker-config", "FILE"],
                      file_of(MIB), "larger than"),
    "rules": ("ztp-approver", ["run", "--rules", "FILE"], file_of(MIB),
              "larger than"),
    "fingerprints": ("ztp-approver", ["run", *ENDS, "--rules", "RULES"],
                     file_of(64 * MIB), "larger than"),
    "properties": ("ztp-approver", ["run", "--approve-all", *ENDS,
                                    "--properties", "FILE"], file_of(64 * KIB),
                   "larger than"),
    "payload_file": ("ztp-approver", ["run", "--approve-all", "--payload",
                                      "FILE", *ENDS], file_of(64 * KIB),
                     "larger than"),
    "argument": ("ztpctl", [*URL, "registry", "show", "TEXT"],
                 lambda over: b"a" * (4096 + over), "longer than"),
    "cas": ("ztpctl", [*URL, "registry", "create", "a/b", "CAS"],
            lambda over: over, "usage: "),
}
# Pieces over the bound, where a thousand would be more than a command line.
FAR = {"cas": 100}


def arguments(folder, args, content):
    """The arguments, with FILE, TEXT or CAS made."""
    if isinstance(content, int):
        path = folder / "ca.pem"
        path.write_text("none\n")
        many = ["--ca", path] * (16 + content)
        return [*args[:-1], *many]
    if "TEXT" in args:
        return [content.decode() if arg == "TEXT" else arg for arg in args]
    path = folder / "file"
    path.write_bytes(content)
    rules = folder / "rules.yaml"
    rules.write_text("rules: [{match: {fingerprints_file: file}, "
                     "action: approve}]\n")
    args = [rules if arg == "RULES" else arg for arg in args]
    return [path if arg == "FILE" else arg for arg in args]
