"""Members in a file that proxies watch."""

import json
import os

from .waiting import wait_until


class MemberFile:
    """`entries` are as in the configuration; whoever follows the file is waited for."""

    def __init__(self, case, entries):
        self.path = os.path.join(case.folder(), "members.json")
        self._followers = []
        self.write(entries)

    def settings(self):
        """Of a pool, as `members`."""
        return {"static": None, "file": {"path": self.path}}

    def followed_by(self, proxy, *pools):
        """From now on a change returns once the proxy has it in these pools."""
        self._followers.append((proxy, pools))
        self._wait()

    def write(self, entries):
        """In one step."""
        self.entries = entries
        with open(self.path + ".unfinished", "w", encoding="utf-8") as file:
            json.dump({"members": entries}, file)
        os.rename(self.path + ".unfinished", self.path)
        self._wait()

    def change(self, member_id, **more):
        self.write([{**entry, **more} if entry["id"] == member_id else entry for entry in self.entries])

    def remove(self, member_id):
        self.write([entry for entry in self.entries if entry["id"] != member_id])

    def add(self, entry):
        self.write([*self.entries, entry])

    def _wait(self):
        wanted = {(entry["id"], entry.get("incarnation", ""), entry.get("state", "ready")) for entry in self.entries}
        for proxy, pools in self._followers:
            wait_until(lambda: all(self._seen(proxy, pool) == wanted for pool in pools), "the members of the file")

    @staticmethod
    def _seen(proxy, name):
        pool = next(pool for pool in proxy.members()["pools"] if pool["name"] == name)
        return {(member["id"], member["incarnation"], member["state"]) for member in pool["members"]}
