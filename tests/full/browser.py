"""A real browser: Debian's Chromium without a window, driven through chromedriver (W3C WebDriver, JSON over HTTP)."""

import http.client
import json
import os
import re

from harness.waiting import wait_until

# Of a step of the browser. Long, since a browser on a busy machine is slow to start; a pass never waits for it.
STEP_S = 120.0

ARGUMENTS = [
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # small in containers
    "--no-first-run",
    # It talks with the proxies and with nobody else.
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Browser:
    """One window with a profile of its own. Ends with the test."""

    def __init__(self, case):
        profile = case.folder()
        self._driver = case.start_program("chromedriver", ["chromedriver", "--port=0"], ends_with=-15)
        self._port = wait_until(self._driver_port, "chromedriver's port", STEP_S)
        arguments = [*ARGUMENTS, f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium refuses to run as root with one
        options = {"binary": "/usr/bin/chromium", "args": arguments}
        wanted = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        session = self._command("POST", "/session", {"capabilities": wanted})
        self._session = f"/session/{session['sessionId']}"
        self._pid = session["capabilities"]["goog:processID"]
        case.addCleanup(self._end)

    def _driver_port(self):
        self._driver.assert_running()
        found = re.search(r"started successfully on port (\d+)", self._driver.output())
        return found and int(found.group(1))

    def _command(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=STEP_S)
        connection.request(method, path, None if body is None else json.dumps(body))
        value = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def _end(self):
        self._command("DELETE", self._session)
        # Its profile must not be written to any more when the test's folders go.
        wait_until(lambda: not os.path.exists(f"/proc/{self._pid}"), "the browser's end", STEP_S)

    def open(self, url):
        """Returns once the page has loaded."""
        self._command("POST", f"{self._session}/url", {"url": url})

    def reload(self):
        self._command("POST", f"{self._session}/refresh", {})

    def text(self):
        """What the page shows."""
        return self.run("return document.body.innerText")

    def run(self, script, *arguments):
        """JavaScript in the page, as the body of a function; where it returns a promise, what becomes of that."""
        return self._command("POST", f"{self._session}/execute/sync", {"script": script, "args": arguments})

    def wait_for(self, script, *arguments):
        return wait_until(lambda: self.run(script, *arguments), script, STEP_S)

    def cookies(self):
        """All that the page's requests would carry, with those that JavaScript may not see."""
        return self._command("GET", f"{self._session}/cookie")

    def put_cookie(self, cookie):
        """For the host of the page that is open."""
        self._command("POST", f"{self._session}/cookie", {"cookie": cookie})

    def delete_cookies(self):
        self._command("DELETE", f"{self._session}/cookie")
