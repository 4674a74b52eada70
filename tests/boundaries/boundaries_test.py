"""The boundaries hold in this repository, and each of them is seen to fail where it does not hold."""

import contextlib
import io
import os
import tempfile
import unittest

import boundaries

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

# One line that crosses each boundary, in the order of the table: (file, line).
PLANTED = (
    ("routing/a.cpp", '#include "config/config.hpp"'),
    ("config/a.cpp", '#include "proxy/net/stream.hpp"'),
    ("proxy/a.cpp", '#include "tests/support/a.hpp"'),
    ("proxy/net/a.hpp", '#include "proxy/http/message.hpp"'),
    ("proxy/http/a.cpp", '#include "proxy/ops/metrics.hpp"'),
    ("proxy/membership/a.cpp", '#include "proxy/http/message.hpp"'),
    ("proxy/membership/etcd/a.cpp", '#include "proxy/membership/source.hpp"'),
    ("proxy/ops/a.cpp", '#include "proxy/server.hpp"'),
    ("proxy/agent/a.cpp", '#include "proxy/http/message.hpp"'),
    ("deploy/demo/a.cpp", '#include "proxy/net/stream.hpp"'),
    ("proxy/http/h1/a.cpp", '#include "../message.hpp"'),
    ("proxy/a.cpp", "#include <yaml-cpp/yaml.h>"),
    ("proxy/http/a.cpp", "#include <prometheus/counter.h>"),
    ("proxy/http/a.cpp", "#include <openssl/sha.h>"),
    ("tests/a.cpp", "#include <nlohmann/json.hpp>"),
    ("routing/a.hpp", "  mutable std::shared_mutex mutex_;"),
    ("proxy/http/a.hpp", "#include <mutex>"),
    ("routing/a.cpp", "#include <boost/asio/io_context.hpp>"),
    ("routing/a.cpp", "  const auto now = std::chrono::steady_clock::now();"),
)


def write(root, path, text):
    os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
    with open(os.path.join(root, path), "a", encoding="utf-8") as file:
        file.write(text + "\n")


class Boundaries(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        """A tree in which all boundaries hold, with something of what each exception allows."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        for path, line in (("routing/a.cpp", '#include "routing/view.hpp"'),
                           ("config/yaml.cpp", "#include <yaml-cpp/yaml.h>"),
                           ("proxy/net/a.cpp", '#include "routing/address.hpp"'),
                           ("proxy/ops/a.cpp", "prometheus::MetricFamily family;"),
                           ("proxy/boost_asio_beast.cpp", "#include <boost/asio/ssl/impl/src.hpp>"),
                           ("proxy/http/hmac.cpp", "#include <openssl/hmac.h>"),
                           ("proxy/http/websocket_handshake.cpp", "#include <openssl/sha.h>"),
                           ("proxy/membership/etcd/channel.hpp", "#include <boost/asio/ssl/context.hpp>"),
                           ("proxy/membership/etcd/tls.cpp", "#include <openssl/ssl.h>"),
                           ("proxy/agent/a.cpp", '#include "proxy/membership/source.hpp"'),
                           ("deploy/demo/a.cpp", '#include "deploy/demo/store.hpp"')):
            write(self.root, path, line)

    def test_hold_in_this_repository(self):
        self.assertEqual(boundaries.check(ROOT), [])

    def test_hold_in_a_tree_that_keeps_them(self):
        self.assertEqual(boundaries.check(self.root), [])

    def test_each_is_seen_to_fail(self):
        self.assertEqual(len(PLANTED), len(boundaries.BOUNDARIES), "one planted line a boundary")
        for boundary, (path, line) in zip(boundaries.BOUNDARIES, PLANTED):
            with self.subTest(boundary.rule):
                with tempfile.TemporaryDirectory() as root:
                    write(root, path, "// a comment\n" + line)
                    finding = f"{path}:2: {line.strip()} ({boundary.rule})"
                    self.assertIn(finding, boundaries.check(root, (boundary,)))

    def test_a_planted_line_alone_is_found_in_a_clean_tree(self):
        write(self.root, "proxy/net/a.cpp", '#  include "proxy/http/message.hpp"  // by mistake')
        self.assertEqual(boundaries.check(self.root),
                         ['proxy/net/a.cpp:2: #  include "proxy/http/message.hpp" '
                          "(proxy/net/ includes nothing of ours but proxy/net/, routing/)"])

    def test_comments_cross_nothing(self):
        write(self.root, "routing/b.cpp", '/* std::mutex\n#include "proxy/cli.hpp"\n*/ // steady_clock::now()')
        self.assertEqual(boundaries.check(self.root), [])

    def test_what_looks_like_a_comment_in_a_string_hides_nothing(self):
        write(self.root, "routing/b.cpp", 'auto a = "/*"; std::mutex b; auto c = "*/"; char d = \'"\'; // std::mutex')
        write(self.root, "routing/c.cpp", 'auto a = R"(" // )"; std::mutex b;')
        found = boundaries.check(self.root)
        self.assertEqual([finding.split(":")[0] for finding in found], ["routing/b.cpp", "routing/c.cpp"])

    def test_an_exception_without_need_is_told(self):
        os.remove(os.path.join(self.root, "proxy/http/hmac.cpp"))
        found = boundaries.check(self.root)
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith("proxy/http/hmac.cpp: is excepted without need"))

    def test_a_folder_that_is_not_there_is_told(self):
        os.remove(os.path.join(self.root, "proxy/agent/a.cpp"))
        os.rmdir(os.path.join(self.root, "proxy/agent"))
        found = boundaries.check(self.root)
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith("proxy/agent/: is not there"))

    def test_the_command_tells_by_its_exit_code(self):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            self.assertEqual(boundaries.main([self.root]), 0)
            write(self.root, "config/a.cpp", '#include "proxy/cli.hpp"')
            self.assertEqual(boundaries.main([self.root]), 1)
        self.assertIn("config/a.cpp:1:", printed.getvalue())


if __name__ == "__main__":
    unittest.main()
