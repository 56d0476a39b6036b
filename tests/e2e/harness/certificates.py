"""A small certificate authority on the openssl command line: what is good, and each way of not being good.

`openssl ca` rather than `openssl x509`, since OpenSSL 3.0 has no other way to say when a certificate
ended."""

import shutil
import subprocess
from dataclasses import dataclass

CONFIG = """\
[ca]
default_ca = here
[here]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = anything
copy_extensions = copy
unique_subject = no
[anything]
commonName = supplied
[req]
distinguished_name = none
[none]
"""

ROOT_EXTENSIONS = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")


@dataclass(frozen=True)
class Pair:
    certificate: str
    key: str


class Authority:
    def __init__(self, folder, name, above=None):
        """`above` is the authority that has issued this one's certificate; None: its own."""
        self.folder = folder / name
        self.folder.mkdir()
        (self.folder / "ca.cnf").write_text(CONFIG)
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("1000\n")
        if above is None:
            self._openssl("req", "-new", "-x509", *new_key("root.key"), "-subj", f"/CN={name}", "-days", "30",
                          "-out", "root.crt", *ROOT_EXTENSIONS)
        else:
            issued = above.issue(name, f"DNS:{name}", *ROOT_EXTENSIONS[1::2])
            shutil.copy(issued.certificate, self.folder / "root.crt")
            shutil.copy(issued.key, self.folder / "root.key")
        self.file = str(self.folder / "root.crt")
        self.own = Pair(self.file, str(self.folder / "root.key"))

    def _openssl(self, command, *arguments):
        subprocess.run(["openssl", command, "-config", "ca.cnf", *arguments], cwd=self.folder, check=True,
                       capture_output=True, timeout=30)

    def revoke(self, *pairs, file="crl.pem"):
        """The list of all that it has revoked, these too."""
        signed = ("-cert", "root.crt", "-keyfile", "root.key")
        for pair in pairs:
            self._openssl("ca", *signed, "-revoke", pair.certificate)
        self._openssl("ca", *signed, "-gencrl", "-crldays", "30", "-out", file)
        return str(self.folder / file)

    def issue(self, name, names, *extensions, start="20200101000000Z", end="20991231235959Z"):
        """A server certificate for `names` ("DNS:localhost,IP:127.0.0.1"), valid from start to end."""
        self._openssl("req", "-new", *new_key(f"{name}.key"), "-subj", f"/CN={name}", "-out", f"{name}.csr",
                      "-addext", f"subjectAltName={names}", *(word for extension in extensions
                                                              for word in ("-addext", extension)))
        self._openssl("ca", "-batch", "-notext", "-in", f"{name}.csr", "-out", f"{name}.crt", "-cert",
                      "root.crt", "-keyfile", "root.key", "-startdate", start, "-enddate", end)
        return Pair(str(self.folder / f"{name}.crt"), str(self.folder / f"{name}.key"))


def new_key(file):
    return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file


class Certificates:
    """`good` is for 127.0.0.1 and localhost by `authority`; the others differ from it in one thing each.  `named` is
    for a name that no name server has, and for IPv6's loopback."""

    def __init__(self, folder):
        here = "DNS:localhost,IP:127.0.0.1"
        self.authority = Authority(folder, "authority")
        self.stranger = Authority(folder, "stranger")
        self.good = self.authority.issue("good", here)
        self.named = self.authority.issue("named", "DNS:cloud.example,IP:::1")
        self.expired = self.authority.issue("expired", here, end="20200102000000Z")
        self.not_yet = self.authority.issue("not-yet", here, start="20980101000000Z")
        self.wrong_name = self.authority.issue("wrong-name", "DNS:elsewhere.example,IP:192.0.2.1")
        self.unknown = self.stranger.issue("unknown", here)
