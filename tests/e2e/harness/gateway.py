"""`countersign serve` and `countersign sandbox` as fixtures hold them."""

import hashlib
import http.client
import json
import re
import time

from . import contract
from .process import Process
from .wire import Answer, Wire
from .world import HOST, INSTANCE, PATIENCE, SECRET_ID, SECRET_KEY, SLOW, VPC

TOKEN = "e2e-network-console-Zm9yIHRlc3Rz"
NOBODY = "e2e-auditor-with-no-rule-at-all"          # known, but no rule speaks of it
EXPIRED = "e2e-network-console-of-long-ago"
UPSTREAM_TIMEOUT = 1.0 * SLOW

POLICY = {
    "version": 1,
    "clients": {
        "network-console": {"tokens": [("2026-11", TOKEN, "2035-12-31"), ("2019-11", EXPIRED, "2020-01-01")]},
        "auditor": {"tokens": [("only", NOBODY, "2035-12-31")]},
    },
    "sets": {"staging": [VPC, "vpc-8e0ypm3z", "gz_vpc_245"]},
    "rules": [
        {"id": "staging-links", "allow": ["network-console"], "actions": ["DetachClassicLinkVpc"],
         "where": {"vpcId": ["$staging"], "region": ["ap-guangzhou", "ap-shanghai"]}},
        {"id": "never-bastion", "deny": ["*"], "actions": ["DetachClassicLinkVpc"],
         "where": {"instanceIds": ["ins-bastion*"]}},
    ],
}


def yaml(document):
    """JSON is YAML; one top-level key a line, so that a message's line number means something."""
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in document.items())


def fingerprint(token):
    return hashlib.sha256(token.encode()).hexdigest()


def policy(document):
    """Tokens are written as (id, token, expires) here; the file gets only the fingerprint."""
    clients = {name: {**client, "tokens": [{"id": key, "sha256": fingerprint(token), "expires": expires}
                                           for key, token, expires in client["tokens"]]}
               for name, client in document["clients"].items()}
    return yaml({**document, "clients": clients})


def secret(path, value, mode=0o600):
    path.write_text(value + "\n")
    path.chmod(mode)
    return str(path)


def configure(folder, url, *, token=None, credential=None, more=None, spare=None, cvm=None, rules=POLICY, top=None,
              services=("vpc",), accounts=None, **upstream):
    """Writes both files and the secrets into `folder`; gives the path of countersign.yaml.  Each of `services` is
    an upstream at `url`; `cvm` is what differs at an upstream of that name, `spare` the (SecretId, SecretKey) of a
    second credential, `more` are others beside `main`.  Of `accounts` each has these upstreams, but for what it says
    differs, and a credential of its own name: the one it says, or one with the SecretId AKID<name>."""
    if credential is None:
        credential = {"secret_id": {"file": secret(folder / "secret_id", SECRET_ID)},
                      "secret_key": {"file": secret(folder / "secret_key", SECRET_KEY)}}
    if token is not None:
        credential = {**credential, "token": {"file": secret(folder / "token", token)}}
    credentials = {"main": credential, **(more or {})}
    if spare is not None:
        credentials["old"] = {"secret_id": {"file": secret(folder / "old_id", spare[0])},
                              "secret_key": {"file": secret(folder / "old_key", spare[1])}}
        upstream["credential"] = ["main", "old"]
    domain = "tencentcloudapi.com" if upstream.get("generation") == 3 else "api.qcloud.com"
    defaults = {"url": url, "credential": "main", "region": "ap-guangzhou",
                "timeout": f"{UPSTREAM_TIMEOUT * 1000:.0f}ms", "deadline": f"{2 * PATIENCE:.0f}s"}
    if "timeout" in upstream:
        del defaults["deadline"]        # the gateway's own follows from it
    upstreams = {name: {**defaults, "host": f"{name}.{domain}", **upstream} for name in services}
    if cvm is not None:
        upstreams["cvm"] = {**defaults, **cvm}
    several = {"upstreams": upstreams}
    if accounts is not None:
        several = {"accounts": {name: {"credential": name, "upstreams": {
            service: {key: value for key, value in {**common, **differs}.items() if key != "credential"}
            for service, common in upstreams.items()}} for name, differs in accounts.items()}}
        credentials.update({name: differs.get("credential") or {
            "secret_id": {"file": secret(folder / f"id_{name}", f"AKID{name}")},
            "secret_key": {"file": secret(folder / f"key_{name}", SECRET_KEY)}} for name, differs in accounts.items()})
    (folder / "policy.yaml").write_text(policy(rules))
    file = folder / "countersign.yaml"
    file.write_text(yaml({
        "version": 1,
        "listen": "127.0.0.1:0",
        "admin": "127.0.0.1:0",
        "policy": "policy.yaml",
        "workers": 32,
        **(top or {}),
        "credentials": credentials,
        **several,
        **({} if "grace" in (top or {}) else {"grace": "100ms"}),
        **({} if "failed_auth" in (top or {}) else {"failed_auth": "100000/s burst 100000"}),
    }))
    return file


class Client:
    """A well-behaved keep-alive caller: it keeps no connection that the gateway may just be ending."""

    IDLE = 2.0      # seconds, of the gateway's five

    def __init__(self, port, within=PATIENCE, source="127.0.0.1"):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=within, source_address=(source, 0))
        self.used = time.monotonic()

    def call(self, method, target, body=None, headers=None):
        if time.monotonic() - self.used > self.IDLE:
            self.connection.close()
        self.connection.request(method, target, body=body, headers=headers or {})
        response = self.connection.getresponse()
        self.used = time.monotonic()
        return Answer(response.status, response.getheaders(), response.read())

    def close(self):
        self.connection.close()


class Gateway(Process):
    READY = re.compile(r"countersign: ready on http://127\.0\.0\.1:(\d+), admin on http://127\.0\.0\.1:(\d+)")

    def __init__(self, file, env=None):
        super().__init__("serve", "-c", file, env=env)
        self.file = file
        self.contract = contract.of(file)
        ready = self.line(self.stderr, self.READY.search)
        self.ready_after = time.monotonic() - self.started
        self.port, self.admin = map(int, self.READY.search(ready).groups())

    def wire(self, source="127.0.0.1"):
        return Wire(self.port, source=source)

    def call(self, method, target, body=None, headers=None, port=None, source="127.0.0.1"):
        client = Client(port or self.port, source=source)
        try:
            answer = client.call(method, target, body, headers)
        finally:
            client.close()
        if port in (None, self.port):
            self.contract.check(method, target, answer)
        return answer

    def delete(self, body=None, *, vpc=VPC, query="", token=TOKEN, headers=None, source="127.0.0.1"):
        """The main job.  `body` is bytes, or something for json.dumps; None is the sample's instance."""
        return self.call("DELETE", f"/vpcs/{vpc}/classiclinks{query}", document(body), bearer(token, headers),
                         source=source)

    def get(self, target, token=TOKEN):
        return self.call("GET", target, headers=bearer(token))

    def ready(self):
        """What /readyz says, but for what is in force."""
        told = self.call("GET", "/readyz", port=self.admin).json()
        return {key: value for key, value in told.items() if key not in ("config", "sha256")}

    def reload(self):
        answer = self.call("POST", "/reload", port=self.admin)
        assert answer.status == 200, answer

    def notices(self, part):
        """The lines on standard error that hold `part`."""
        return [line for line in self.stderr if part in line]

    def records(self):
        return [json.loads(line) for line in list(self.stdout)]

    def record(self, answer):
        """The access line of this answer; where it has no client, and many went before, it must come from a
        stranger()."""
        wanted = answer.header("X-Request-Id")
        return json.loads(self.line(self.stdout, lambda line: wanted in line and json.loads(line).get("requestId") == wanted))

    def words(self):
        """All that it has ever written, for tests that look for what must not be there."""
        return "\n".join([*self.stdout, *self.stderr])


def document(body=None):
    if body is None:
        body = {"instanceIds": [INSTANCE]}
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def bearer(token=TOKEN, headers=None):
    said = {"Content-Type": "application/json"}
    if token is not None:
        said["Authorization"] = f"Bearer {token}"
    return {**said, **(headers or {})}


class Sandbox(Process):
    READY = re.compile(r"sandbox: listening on (https?://127\.0\.0\.1:(\d+))")

    def __init__(self, *options):
        super().__init__("sandbox", "--listen", "127.0.0.1:0", *options)
        self.base, port = self.READY.search(self.line(self.stdout, self.READY.search)).groups()
        self.port = int(port)
        self.url = self.base + "/v2/index.php"

    def _ask(self, method, path, body=None):
        client = Client(self.port)
        try:
            answer = client.call(method, path, body)
        finally:
            client.close()
        assert answer.status < 300, answer
        return answer

    def state(self):
        return self._ask("GET", "/_sandbox/state").json()

    def faults(self, *specs):
        """Replaces all faults; none given means none."""
        self._ask("POST", "/_sandbox/faults", "".join(spec + "\n" for spec in specs).encode())
