"""A real Prometheus that scrapes a gateway."""

import json
import re
import subprocess
import urllib.parse

from .gateway import Client
from .world import PATIENCE, REPOSITORY, SLOW, eventually, free_port

RULES = REPOSITORY / "deploy/prometheus/countersign.rules.yaml"


class Prometheus:
    def __init__(self, folder, gateway):
        interval = f"{SLOW * 500:.0f}ms"
        (folder / "prometheus.yml").write_text(
            f"global: {{ scrape_interval: {interval}, evaluation_interval: {interval} }}\n"
            f"rule_files: [{json.dumps(str(RULES))}]\n"
            "scrape_configs:\n"
            f"  - {{ job_name: countersign, static_configs: [ {{ targets: ['127.0.0.1:{gateway.admin}'] }} ] }}\n")
        self.log = open(folder / "prometheus.log", "w+")
        for _ in range(3):              # somebody else may take the port before it does
            self.start(folder)
            if eventually(lambda: self.is_ready() or self.child.poll() is not None, 3 * PATIENCE) and self.is_ready():
                return
            self.end()
        raise AssertionError(self.story())

    def start(self, folder):
        self.port = free_port()
        self.child = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=self.log, stderr=subprocess.STDOUT)

    def story(self):
        self.log.seek(0)
        return self.log.read()[-4000:]

    def is_ready(self):
        try:
            return self.get("/-/ready")[0] == 200
        except OSError:
            return False

    def get(self, path, **params):
        client = Client(self.port)
        try:
            answer = client.call("GET", path + ("?" + urllib.parse.urlencode(params) if params else ""))
        finally:
            client.close()
        return answer.status, answer.body

    def api(self, path, **params):
        status, body = self.get("/api/v1/" + path, **params)
        said = json.loads(body)
        assert status == 200 and said["status"] == "success", f"{params}: {body.decode()}"
        return said["data"]

    def query(self, expression):
        """The samples of an instant query, now."""
        return self.api("query", query=expression)["result"]

    def scrapes(self):
        """How often the gateway was scraped well."""
        found = self.query('sum_over_time(up{job="countersign"}[10m])')
        return int(found[0]["value"][1]) if found else 0

    def end(self):
        self.child.terminate()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def stop(self):
        self.end()
        self.log.close()


def filled_in(expression):
    """A dashboard's query as Grafana sends it, over all jobs and instances."""
    for name, value in (("$__rate_interval", "10m"), ("$job", ".*"), ("$instance", ".*")):
        expression = expression.replace(name, value)
    assert not re.search(r"\$\w", expression), expression
    return expression
