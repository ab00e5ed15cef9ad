"""Bootstrap certificates, made with the openssl command line."""

import base64
import hashlib
import pathlib
import re
import subprocess


def openssl(*args, data=None):
    done = subprocess.run(
        ["openssl", *map(str, args)],
        input=data,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


# kind of key -> arguments of genpkey
KEYS = {
    "rsa1024": ("RSA", "rsa_keygen_bits:1024"),
    "rsa2048": ("RSA", "rsa_keygen_bits:2048"),
    "rsa3072": ("RSA", "rsa_keygen_bits:3072"),
    "rsa4096": ("RSA", "rsa_keygen_bits:4096"),
    "p256": ("EC", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "ec_paramgen_curve:P-384"),
}


class Leaf:
    """One certificate with its key, in every accepted encoding."""

    def __init__(self, path, key_path, kind):
        self.path = pathlib.Path(path)
        self.key_path = pathlib.Path(key_path)
        self.kind = kind
        self.pem = self.path.read_text()
        body = re.search(
            r"-----BEGIN CERTIFICATE-----(.*?)-----END", self.pem, re.DOTALL
        )
        self.base64 = "".join(body.group(1).split())
        self.der = base64.b64decode(self.base64)
        self.fingerprint = hashlib.sha256(self.der).hexdigest()

    @property
    def forms(self):
        """Every accepted encoding, by name."""
        lines = self.pem.strip()
        return {
            "pem": self.pem,
            "joined": lines.replace("\n", ""),
            "spaces": lines.replace("\n", " "),
            "escaped": self.pem.replace("\n", "\\n"),
            "base64": self.base64,
        }

    def shown(self, *options):
        """The output of `openssl x509 -noout ...`, without the name= part."""
        text = openssl("x509", "-in", self.path, "-noout", *options).decode()
        return text.strip().split("=", 1)[1]

    def spki_sha256(self):
        pem = openssl("x509", "-in", self.path, "-noout", "-pubkey")
        der = openssl("pkey", "-pubin", "-outform", "DER", data=pem)
        return hashlib.sha256(der).hexdigest()


class Ca:
    """A registry's CA and the certificates it signs. Leaves without extensions
    are made once per kind of key and shared, because making RSA keys is
    slow."""

    def __init__(self, folder, name="registry-ca"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = self.folder / "ca_private.pem"
        self.cert = self.folder / "ca_cert.pem"
        self.count = 0
        self.shared = {}
        openssl(
            *"req -x509 -new -nodes -sha256 -days 365 -newkey rsa:2048".split(),
            "-keyout", self.key, "-out", self.cert, "-subj", f"/CN={name}",
            # Python 3.13 requires it in a certificate that signs server
            # certificates.
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )

    def _key(self, kind):
        """Makes a new private key of that kind and returns the stem of its
        files."""
        self.count += 1
        stem = f"{kind}-{self.count}"
        algorithm, option = KEYS[kind]
        key = self.folder / f"{stem}_private.pem"
        openssl(
            "genpkey", "-algorithm", algorithm, "-out", key,
            "-pkeyopt", option,
        )
        return key, stem

    def leaf(self, kind="p256"):
        """The shared leaf for a kind of key, made by the plain recipe."""
        if kind not in self.shared:
            self.shared[kind] = self.issue(kind)
        return self.shared[kind]

    def issue(self, kind="p256", subject="/CN=unused-device", digest="-sha256",
              extensions=None, days=30):
        """Makes a new key and its certificate by the recipe:

        openssl genpkey -algorithm RSA -out rsa_private.pem \\
            -pkeyopt rsa_keygen_bits:2048
        openssl req -new -sha256 -key rsa_private.pem -out rsa_cert.csr \\
            -subj "/CN=unused-device"
        openssl x509 -req -in rsa_cert.csr -CA ca_cert.pem \\
            -CAkey ca_private.pem -CAcreateserial -sha256 -out rsa_cert.pem
        """
        key, stem = self._key(kind)
        csr = self.folder / f"{stem}_cert.csr"
        cert = self.folder / f"{stem}_cert.pem"
        openssl(
            "req", "-new", "-sha256", "-key", key, "-out", csr,
            "-subj", subject,
        )
        more = []
        if days != 30:
            more += ["-days", str(days)]
        if extensions:
            conf = self.folder / f"{stem}.ext"
            conf.write_text(extensions)
            more += ["-extfile", conf]
        openssl(
            "x509", "-req", "-in", csr, "-CA", self.cert,
            "-CAkey", self.key, "-CAcreateserial", digest,
            "-out", cert, *more,
        )
        return Leaf(cert, key, kind)

    def expired(self, kind="p256"):
        return self._dated(kind, "20200101000000Z", "20210101000000Z")

    def not_yet(self, kind="p256"):
        return self._dated(kind, "20900101000000Z", "20910101000000Z")

    def long_valid(self, kind="p256"):
        """For a bridge whose clock is wrong."""
        return self._dated(kind, "20200101000000Z", "20490101000000Z")

    def _dated(self, kind, start, end):
        """Only `openssl ca` allows choosing the dates."""
        key, stem = self._key(kind)
        csr = self.folder / f"{stem}_cert.csr"
        cert = self.folder / f"{stem}_cert.pem"
        conf = self.folder / f"{stem}.cnf"
        (self.folder / f"{stem}.index").write_text("")
        conf.write_text(
            "[ca]\ndefault_ca=d\n[d]\n"
            f"database={self.folder}/{stem}.index\n"
            f"new_certs_dir={self.folder}\nrand_serial=yes\n"
            "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
        )
        openssl(
            "req", "-new", "-sha256", "-key", key, "-out", csr,
            "-subj", "/CN=unused-device",
        )
        openssl(
            "ca", "-batch", "-notext", "-config", conf, "-in", csr,
            "-cert", self.cert, "-keyfile", self.key,
            "-startdate", start, "-enddate", end, "-out", cert,
        )
        return Leaf(cert, key, kind)

    def ca_leaf(self, kind="p256"):
        """A certificate that may sign others, and so must never be accepted as
        a leaf."""
        return self.issue(kind, extensions="basicConstraints=CA:TRUE\n")

    def sha1(self, kind="rsa2048"):
        return self.issue(kind, digest="-sha1")

    def server(self, name="localhost"):
        """The files for a TLS listener: {cafile, certfile, keyfile}."""
        leaf = self.issue(
            "p256",
            subject=f"/CN={name}",
            extensions=f"subjectAltName=DNS:{name},IP:127.0.0.1\n"
            "authorityKeyIdentifier=keyid\n",  # Python 3.13 requires it
        )
        return {
            "cafile": str(self.cert),
            "certfile": str(leaf.path),
            "keyfile": str(leaf.key_path),
        }
