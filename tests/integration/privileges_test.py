"""No more power than is needed: who it runs as, who may ask the admin server, and what nobody is told."""

import grp
import json
import os
import pwd
import subprocess
import unittest

from harness.case import IntegrationTest, program
from harness.client import Connection
from harness.limpet import static_config
from harness.origin import OK, answering
from harness.process import Process

SECRET = "5tr1ctly-between-us-two"
TOKEN = "0123456789abcdef-token"
MEMBER = {"id": "a", "address": "127.0.0.1:9"}  # that nobody asks
NOBODY = pwd.getpwnam("nobody")


def status_of(task):
    """Who a thread is, by /proc (proc(5))."""
    with open(f"{task}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


class Case(IntegrationTest):
    def run_limpet(self, *arguments, env=None):
        process = Process("limpet", [program("LIMPET"), *arguments], env=env)
        self._processes.append(process)
        return process.wait(), process.output()

    def config_file(self, config):
        path = os.path.join(self.folder(), "limpet.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path


@unittest.skipUnless(os.geteuid() == 0, "only root has something to drop")
class User(Case):
    def folder(self):
        """One that nobody may write into."""
        path = super().folder()
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        return path

    def start(self, **sections):
        return self.start_limpet(static_config([self.start_origin(answering(OK))], **sections))

    def assert_is(self, proxy, uid, gid, groups):
        folder = f"/proc/{proxy.process.pid}/task"
        tasks = os.listdir(folder)
        self.assertGreaterEqual(len(tasks), 3, "the main thread and two workers")
        for task in tasks:
            status = status_of(f"{folder}/{task}")
            self.assertEqual(set(status["Uid"].split()), {str(uid)})
            self.assertEqual(set(status["Gid"].split()), {str(gid)})
            self.assertEqual({int(group) for group in status["Groups"].split()}, groups)
            for what in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                self.assertEqual(int(status[what], 16), 0, what)
            self.assertEqual(status["NoNewPrivs"].strip(), "1")

    def test_a_name_with_its_groups(self):
        proxy = self.start(user="nobody")
        self.assert_is(proxy, NOBODY.pw_uid, NOBODY.pw_gid, set(os.getgrouplist("nobody", NOBODY.pw_gid)))
        self.assertEqual(self.fetch(proxy.address).status, 200)
        # What a process that changed its user may see of itself (proc(5), "dumpable").
        self.assertGreater(proxy.metrics().total("process_open_fds"), 0)
        self.assertGreater(proxy.metrics().total("process_resident_memory_bytes"), 0)

    def test_a_group_of_its_own(self):
        proxy = self.start(user="nobody", group="daemon")
        gid = grp.getgrnam("daemon").gr_gid
        self.assert_is(proxy, NOBODY.pw_uid, gid, {gid})

    def test_numbers_that_have_no_name(self):
        config = static_config([self.start_origin(answering(OK))], user="54321", group="54322")
        os.chmod(folder := self.folder(), 0o777)
        path = os.path.join(folder, "limpet.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        process = self.start_program("limpet", [program("LIMPET"), "serve", "-c", path])
        process.wait_for_output("listening on")
        self.assertEqual(set(status_of(f"/proc/{process.pid}")["Uid"].split()), {"54321"})
        self.assertEqual(set(status_of(f"/proc/{process.pid}")["Gid"].split()), {"54322"})

    def test_its_unix_sockets_are_its_own_and_go_with_it(self):
        public, admin = (f"{self.folder()}/{name}" for name in ("public", "admin"))
        config = static_config([MEMBER], user="nobody", listeners=[{"name": "public", "address": f"unix:{public}"}])
        config["admin"] = {"address": f"unix:{admin}"}
        proxy = self.start_limpet(config)
        for path in (public, admin):
            self.assertEqual(os.stat(path).st_uid, NOBODY.pw_uid)
        proxy.process.stop()
        self.assertFalse(os.path.exists(public) or os.path.exists(admin))

    def test_its_files_are_its_own(self):
        log = os.path.join(self.folder(), "access.log")
        proxy = self.start(user="nobody", logging={"access": log})
        self.fetch(proxy.address)
        proxy.process.stop()
        self.assertEqual(os.stat(log).st_uid, NOBODY.pw_uid)
        with open(log, encoding="utf-8") as file:
            self.assertEqual(json.loads(file.readline())["status"], 200)

    def test_a_log_that_it_may_not_write_is_an_error_at_the_start(self):
        folder = IntegrationTest.folder(self)  # root's
        config = static_config([MEMBER], user="nobody", logging={"access": os.path.join(folder, "access.log")})
        code, output = self.run_limpet("serve", "-c", self.config_file(config))
        self.assertEqual(code, 1)
        self.assertIn("access.log", output)
        self.assertIn("Permission denied", output)

    def test_reload_reads_what_the_user_may_read(self):
        proxy = self.start(user="nobody")
        os.chmod(proxy.config_file, 0o600)  # root's
        proxy.process.assert_running()
        proxy.reload()
        self.assertIn("Permission denied", proxy.process.output())
        self.assertEqual(self.fetch(proxy.address).status, 200)
        os.chmod(proxy.config_file, 0o644)
        proxy.reload(dict(proxy.config, workers=2))
        self.assertTrue(proxy.process.output().rstrip().endswith(proxy.config_file))

    def test_that_reloads_will_be_refused_is_told_at_the_start(self):
        path = self.config_file(static_config([self.start_origin(answering(OK))], user="nobody"))
        os.chmod(path, 0o600)
        process = self.start_program("limpet", [program("LIMPET"), "serve", "-c", path])
        process.wait_for_output("listening on")
        self.assertIn("reloads will be refused", process.output())

    def test_another_user_needs_a_restart(self):
        proxy = self.start(user="nobody")
        proxy.reload(dict(proxy.config, user="daemon"))
        self.assertIn("user changed, which needs a restart", proxy.process.output())

    def test_an_unknown_name_is_an_error(self):
        for sections, said in (
            ({"user": "no-such-user"}, "there is no user 'no-such-user'"),
            ({"user": "nobody", "group": "no-such-group"}, "there is no group 'no-such-group'"),
        ):
            code, output = self.run_limpet("serve", "-c", self.config_file(static_config([MEMBER], **sections)))
            self.assertEqual(code, 1)
            self.assertIn(said, output)


class Admin(Case):
    def start(self, **admin):
        config = static_config([self.start_origin(answering(OK))])
        config["admin"] = {"address": "127.0.0.1:0", **admin}
        return self.start_limpet(config)

    def ask(self, proxy, target, token=None, method="GET"):
        headers = [("Authorization", f"Bearer {token}")] if token else []
        with Connection(proxy.admin) as connection:
            return connection.request(method, target, headers, host=proxy.admin)

    def test_all_but_health_wants_the_token(self):
        proxy = self.start(token=TOKEN)
        for target in ("/", "/metrics", "/config", "/members", "/explain?pool=app&key=a", "/version", "/nothing"):
            refused = self.ask(proxy, target)
            self.assertEqual((refused.status, refused.fields.get("WWW-Authenticate")), (401, 'Bearer realm="limpet"'))
            self.assertEqual(self.ask(proxy, target, TOKEN + "x").status, 401)
            self.assertNotEqual(self.ask(proxy, target, TOKEN).status, 401)
        self.assertEqual(self.ask(proxy, "/drain", method="POST").status, 401)
        for target in ("/healthz", "/readyz"):
            self.assertEqual(self.ask(proxy, target).status, 200)

    def test_the_token_stands_in_a_file_and_changes_with_a_reload(self):
        path = os.path.join(self.folder(), "token")
        for token in (TOKEN, TOKEN + "-next"):
            with open(path, "w", encoding="ascii") as file:
                file.write(token + "\n")
            if token == TOKEN:
                proxy = self.start(token_file=path)
            else:
                proxy.reload()
            self.assertEqual(self.ask(proxy, "/metrics", token).status, 200)
        self.assertEqual(self.ask(proxy, "/metrics", TOKEN).status, 401)
        self.assertNotIn(TOKEN, self.ask(proxy, "/config", TOKEN + "-next").text())

    def test_a_reload_with_another_address_does_not_take_the_token_away(self):
        """The socket stays as it is until a restart, and others reach it."""
        config = static_config([self.start_origin(answering(OK))])
        config["admin"] = {"address": "0.0.0.0:0", "token": TOKEN}
        proxy = self.start_limpet(config)
        for admin in ({"address": "127.0.0.1:0"}, None, {"address": "127.0.0.1:0", "token": TOKEN + "-next"}):
            proxy.reload({**config, "admin": admin} if admin else {k: v for k, v in config.items() if k != "admin"})
            self.assertIn("admin.address changed, which needs a restart", proxy.process.output())
            port = proxy.admin.rpartition(":")[2]
            with Connection(f"127.0.0.1:{port}") as connection:
                self.assertEqual(connection.request("GET", "/config").status, 401, admin)
                self.assertEqual(
                    connection.request("GET", "/config", [("Authorization", f"Bearer {TOKEN}")]).status, 200, admin
                )

    def test_the_command_line_shows_the_token(self):
        proxy = self.start(token=TOKEN)
        ask = [program("LIMPET"), "explain", "--admin", proxy.admin, "--pool", "app", "--key", "alice"]
        without = {name: value for name, value in os.environ.items() if name != "LIMPET_ADMIN_TOKEN"}
        refused = subprocess.run(ask, capture_output=True, text=True, timeout=30, env=without)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("LIMPET_ADMIN_TOKEN", refused.stderr)
        told = subprocess.run(ask, capture_output=True, text=True, timeout=30, env={**without, "LIMPET_ADMIN_TOKEN": TOKEN})
        self.assertEqual((told.returncode, told.stderr), (0, ""))

    def test_an_address_that_others_reach_without_a_token_is_an_error(self):
        config = static_config([MEMBER])
        config["admin"] = {"address": "0.0.0.0:0"}
        code, output = self.run_limpet("serve", "-c", self.config_file(config))
        self.assertEqual(code, 1)
        self.assertIn("nobody is asked for a token", output)

    def test_a_page_of_another_name_reads_nothing(self):
        """DNS rebinding: the browser connects to 127.0.0.1 and names the page's own host."""
        proxy = self.start()
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
            with Connection(proxy.admin) as connection:
                self.assertEqual(connection.request("GET", "/config", host=host).status, 421)

    def test_a_page_from_elsewhere_changes_nothing(self):
        proxy = self.start()
        for origin in ("http://evil.example", "null", f"http://evil.example?{proxy.admin}"):
            with Connection(proxy.admin) as connection:
                answer = connection.request("POST", "/drain", [("Origin", origin)], host=proxy.admin)
                self.assertEqual(answer.status, 403)
        self.assertEqual(self.ask(proxy, "/readyz").status, 200)


class Secrets(Case):
    def test_they_are_in_no_page_no_log_and_no_error(self):
        """Each secret that the configuration can hold, and those that requests carry."""
        folder = self.folder()
        with open(os.path.join(folder, "key"), "w", encoding="ascii") as file:
            file.write(SECRET + "-in-a-file\n")
        access_log = os.path.join(folder, "access.log")
        config = static_config(
            [self.start_origin(answering(OK))],
            pool={"session": {"key": [{"cookie": "sid", "issue": {}}]}},
            signing={"keys": [{"id": "k1", "secret": SECRET}, {"id": "k2", "file": os.path.join(folder, "key")}]},
            etcd={"username": "limpet", "password": SECRET},
            logging={"level": "debug", "access": access_log},
        )
        config["admin"]["token"] = SECRET + "-admin"
        proxy = self.start_limpet(config, arguments=("--log-level", "debug"))
        credentials = [("Authorization", f"Bearer {SECRET}"), ("Cookie", f"sid={SECRET}")]
        self.fetch(proxy.address, f"/?token={SECRET}", headers=credentials)
        self.fetch(proxy.address, f"/%zz?token={SECRET}", headers=credentials)
        with Connection(proxy.admin) as connection:
            token = [("Authorization", f"Bearer {SECRET}-admin")]
            for target in ("/", "/config", "/members", "/metrics", "/version", f"/explain?pool=app&cookie=sid={SECRET}"):
                answer = connection.request("GET", target, token, host=proxy.admin)
                self.assertEqual(answer.status, 200, target)
                if not target.startswith("/explain"):  # which says what it was asked
                    self.assertNotIn(SECRET, answer.text(), target)
            self.assertIn("<redacted>", connection.request("GET", "/config", token, host=proxy.admin).text())

        broken = json.loads(json.dumps(config))
        broken["signing"]["keys"][0]["id"] = "not a name"
        broken["etcd"]["endpoints"] = [f"http://root:{SECRET}@127.0.0.1:2379"]
        proxy.reload(broken)
        self.assertIn("reload refused", proxy.process.output())
        proxy.process.stop()
        with open(access_log, encoding="utf-8") as file:
            logged = file.read()
        self.assertIn('"status":200', logged)
        self.assertNotIn(SECRET, logged)
        self.assertNotIn(SECRET, proxy.process.output())


if __name__ == "__main__":
    unittest.main()
