"""Debian's Chromium, driven by its chromedriver in the W3C WebDriver protocol: no more of it than the tests need."""

import base64
import contextlib
import http.client
import json
import os
import re
import subprocess
import tempfile

from .world import PATIENCE, eventually, free_port

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"     # WebDriver section 12.2
ENTER = "\ue007"


class Browser:
    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="countersign-browser-")
        self.port = free_port()
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env={**os.environ, "HOME": self.profile.name})
        assert eventually(self._is_ready, 4 * PATIENCE), "chromedriver does not answer"
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []     # Chromium's own refuses root
        chromium = {"args": ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1600",
                             f"--user-data-dir={self.profile.name}/profile", *sandbox]}
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": chromium, "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": int(4000 * PATIENCE), "pageLoad": int(4000 * PATIENCE)}}}})
        self.session = f"/session/{session['sessionId']}"

    def _is_ready(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except OSError:
            return False

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=6 * PATIENCE)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            value = json.loads(response.read())["value"]
        finally:
            connection.close()
        assert response.status == 200, f"{path}: {value}"
        return value

    def open(self, url):
        self._ask("POST", self.session + "/url", {"url": url})

    def run(self, script, *arguments):
        """A script's promise, fulfilled: {"value": ...}, or {"error": "TypeError: ..."} when it was rejected."""
        body = f"""const done = arguments[arguments.length - 1];
                   (async (...given) => {{ {script} }})(...Array.from(arguments).slice(0, -1))
                     .then((value) => done({{ value }}), (error) => done({{ error: String(error) }}));"""
        return self._ask("POST", self.session + "/execute/async", {"script": body, "args": list(arguments)})

    def value(self, script, *arguments):
        answer = self.run(script, *arguments)
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def find(self, css):
        """The first element, once it is there."""
        def look():
            return self._ask("POST", self.session + "/elements", {"using": "css selector", "value": css})
        found = eventually(look, 4 * PATIENCE, 0.1)
        assert found, f"no {css} in {self.text()[:2000]}"
        return found[0][ELEMENT]

    def click(self, css):
        self._ask("POST", f"{self.session}/element/{self.find(css)}/click", {})

    def type(self, css, text):
        self._ask("POST", f"{self.session}/element/{self.find(css)}/value", {"text": text})

    def text(self):
        return self.value("return document.body.innerText")

    def waits_for(self, pattern):
        """What the page says, once it says that."""
        assert eventually(lambda: re.search(pattern, self.text()), 4 * PATIENCE, 0.1), self.text()[:4000]
        return self.text()

    def console(self, origin=""):
        """What the browser has complained about since the last call, on pages of the origin: a page that was left may
        still complain."""
        return [entry["message"] for entry in self._ask("POST", self.session + "/se/log", {"type": "browser"})
                if entry["level"] != "INFO" and entry["message"].startswith(origin)]

    def complains(self, *words):
        """Whether it complains about all of these, sooner or later; what it said."""
        said = []

        def heard():
            said.extend(self.console())
            return all(any(word in line for line in said) for word in words)
        assert eventually(heard, PATIENCE, 0.1), said
        return said

    def devtools(self, command, parameters):
        """Chromium's own: https://chromedevtools.github.io/devtools-protocol/."""
        return self._ask("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    @contextlib.contextmanager
    def device(self, width, dark):
        """What a device says of itself: its width, and whether its owner wants the dark."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setDeviceMetricsOverride",
                      {"width": width, "height": 1100, "deviceScaleFactor": 1, "mobile": width < 500})
        self.devtools("Emulation.setEmulatedMedia", {"features": [scheme]})
        try:
            yield
        finally:
            self.devtools("Emulation.clearDeviceMetricsOverride", {})
            self.devtools("Emulation.setEmulatedMedia", {"features": []})

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._ask("GET", self.session + "/screenshot")))

    def close(self):
        try:
            self._ask("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait(PATIENCE)
            eventually(self._is_clean, within=5)    # the browser's last helpers let go of the profile a little later

    def _is_clean(self):
        try:
            self.profile.cleanup()
        except OSError:
            return False
        return True
