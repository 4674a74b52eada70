#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::config::test {
namespace {

using testing::ElementsAre;

/// All the mistakes that an operator makes, each at its line, column and with its hint.

TEST(check, unknown_keys_name_the_nearest) {
  EXPECT_THAT(errors_of(with("worker: 1\nlimits: {conections: 1}\nxyzzy: 1\n")),
              ElementsAre("4:1 unknown key \"worker\" (did you mean \"workers\"?)",
                          "5:10 limits: unknown key \"conections\" (did you mean \"connections\"?)",
                          "6:1 unknown key \"xyzzy\""));
}

TEST(check, keys_stand_once) {
  EXPECT_THAT(errors_of(with("workers: 1\nworkers: 2\n")),
              ElementsAre("5:1 the key \"workers\" is given twice (it is first given in line 4)"));
  EXPECT_THAT(errors_of(with_pool(
                  "    members: {etcd: {}}\n  b: {members: {etcd: {}}}\n  a: {members: {etcd: {}}}\n")),
              ElementsAre("7:3 pools: the key \"a\" is given twice (it is first given in line 4)"));
}

TEST(check, values_have_types_and_ranges) {
  EXPECT_THAT(errors_of(with("workers: many\nlimits: {header_count: 0, header_bytes: 64KB}\ntimeouts: {idle: "
                             "75}\nadmin: here\n")),
              ElementsAre("4:10 workers: not a whole number: \"many\"",
                          "5:24 limits.header_count: must be 1 to 10000",
                          "5:41 limits.header_bytes: not a size: \"64KB\" (write 64KiB)",
                          "6:18 timeouts.idle: \"75\" has no unit (write 75s for seconds)",
                          "7:8 admin: must be a mapping, not a plain value"));
}

TEST(check, rails_have_ranges_and_static_members_none) {
  EXPECT_THAT(errors_of(with_pool(
                  "    members: {etcd: {}}\n    rails: {max_removal_percent: 101, window: 0, settle: 2h, "
                  "hold: 1, damping: {flaps: 101, steady: 0, tries: 3}}\n")),
              ElementsAre("6:34 pools.a.rails.max_removal_percent: must be 0 to 100",
                          "6:47 pools.a.rails.window: must be 1ms to 1d",
                          "6:58 pools.a.rails.settle: must be 0, or 1ms to 1h",
                          "6:68 pools.a.rails.hold: \"1\" has no unit (write 1s for seconds)",
                          "6:88 pools.a.rails.damping.flaps: must be 0 to 100",
                          "6:101 pools.a.rails.damping.steady: must be 1ms to 1d",
                          "6:104 pools.a.rails.damping: unknown key \"tries\""));
  const auto loaded =
      load(with_pool("    members: {static: [{id: x, address: 'h:1'}]}\n    rails: {hold: 5m}\n"));
  EXPECT_TRUE(loaded.ok());
  EXPECT_THAT(
      lines(loaded.warnings),
      ElementsAre("6:5 pools.a: static members have no rails (who changes them is taken at his word)"));
  EXPECT_THAT(load(with_pool("    members: {etcd: {}}\n    rails: {hold: 5m}\n")).warnings,
              testing::IsEmpty());
}

TEST(check, pools_of_one_host_issue_cookies_of_their_own) {
  const auto two = [](const std::string& route, const std::string& issue) {
    return errors_of("listeners: [{address: ':80'}]\nroutes: [{pool: a}, " + route +
                     "]\nsigning: {keys: [{id: k, secret: 0123456789abcdef}]}\npools:\n"
                     "  a: {members: {etcd: {}}, session: {key: [{cookie: sid, issue: {}}]}}\n"
                     "  b: {members: {etcd: {}}, session: {key: [{cookie: sid, issue: " +
                     issue + "}]}}\n");
  };
  EXPECT_THAT(
      two("{path: /b, pool: b}", "{}"),
      ElementsAre("6:28 pools.b: issues the same cookie as pool \"a\", on the same host (give it another "
                  "name, or another issue: {path: ...})"));
  EXPECT_THAT(two("{path: /b, pool: b}", "{path: /b}"), ElementsAre());
  EXPECT_THAT(two("{host: b.example.com, pool: b}", "{}").size(), 1) << "pool a has that host's other paths";
}

TEST(check, addresses_have_a_form) {
  EXPECT_THAT(errors_of("listeners: [{address: '::1:80'}, {address: host}]\nroutes: [{pool: a}]\n"
                        "pools: {a: {members: {static: [{id: x, address: ':80'}]}}}\n"),
              ElementsAre("1:23 listeners[0].address: not an address: \"::1:80\" (an IPv6 address stands in "
                          "brackets: [::1]:8080)",
                          "1:44 listeners[1].address: not an address: \"host\" (the port is missing: write "
                          "host:port, [v6]:port or "
                          "unix:/path)",
                          "3:49 pools.a.members.static[0].address: not an address: \":80\" (the host is "
                          "missing: write host:port, "
                          "[v6]:port or unix:/path)"));
}

TEST(check, listeners_have_names_and_addresses_of_their_own) {
  EXPECT_THAT(
      errors_of(
          "listeners:\n  - {name: x, address: ':80'}\n  - {name: x, address: ':81'}\n  - {address: ':80'}\n"
          "  - {name: y, address: ':0'}\n  - {name: z, address: ':0'}\n"
          "routes: [{pool: a}]\npools: {a: {members: {etcd: {}}}}\nadmin: {address: ':81', token: "
          "0123456789abcdef}\n"),
      ElementsAre("3:12 listeners[1]: the name \"x\" is taken (it is first in line 2)",
                  "4:15 listeners[2]: the address \":80\" is taken (it is first in line 2)",
                  "9:18 admin.address: the address \":81\" is taken (it is first in line 3)"));
}

std::string with_routes(const std::string& routes) {
  return "listeners: [{address: ':8080'}]\npools: {chat: {members: {etcd: {}}}, shop: {members: {etcd: "
         "{}}}}\nroutes:\n" +
         routes;
}

TEST(check, routes_lead_to_pools_that_are_there) {
  EXPECT_THAT(errors_of(with_routes(
                  "  - {pool: chta}\n  - {pool: shop, path: /shop}\n  - {pool: elsewhere, path: /x}\n")),
              ElementsAre("4:12 routes[0]: no pool is named \"chta\" (did you mean \"chat\"?)",
                          "6:12 routes[2]: no pool is named \"elsewhere\""));
}

TEST(check, routes_can_be_reached) {
  EXPECT_THAT(
      errors_of(with_routes("  - {host: A.example.com, path: /x, pool: chat}\n  - {path: /x, pool: chat}\n"
                            "  - {host: a.example.com, path: /x, pool: shop}\n")),
      ElementsAre("6:5 routes[2]: no request comes here: an earlier route has the same host and path (it is "
                  "first in line 4)"));
}

TEST(check, a_route_that_could_not_be_read_shadows_no_other) {
  EXPECT_THAT(errors_of(with_routes("  - {path: x, pool: chat}\n  - {pool: shop}\n")),
              ElementsAre("4:12 routes[0].path: not a path: \"x\" (a path begins with /)"));
}

TEST(check, routes_have_names_of_their_own) {
  EXPECT_THAT(
      errors_of(with_routes("  - {name: x, path: /x, pool: chat}\n  - {name: x, path: /y, pool: shop}\n"
                            "  - {path: /z, pool: shop}\n  - {name: /z, path: /w, pool: shop}\n")),
      ElementsAre("5:12 routes[1]: the name \"x\" is taken (it is first in line 4)",
                  "7:12 routes[3]: the name \"/z\" is taken (it is first in line 6)"));
}

TEST(check, route_hosts_and_upgrades_have_a_form) {
  EXPECT_THAT(
      errors_of(
          with_routes("  - {host: '*', pool: chat}\n  - {host: 'a:80', pool: shop, upgrades: [H2C]}\n")),
      ElementsAre("4:12 routes[0].host: not a host: \"*\" (leave the host out for any host)",
                  "5:12 routes[1].host: not a host: \"a:80\" (leave the port out: routes match any port)",
                  "5:43 routes[1].upgrades[0]: h2c never passes (leave it out)"));
}

TEST(check, a_pool_has_one_source_of_members) {
  EXPECT_THAT(errors_of(with_pool("    session: {}\n")),
              ElementsAre("5:5 pools.a: must have \"members\" (Where the members come from: one source.)"));
  EXPECT_THAT(errors_of(with_pool("    members: {}\n")),
              ElementsAre("5:14 pools.a.members: must have one of static, file or etcd"));
  EXPECT_THAT(errors_of(with_pool("    members: {static: []}\n")),
              ElementsAre("5:23 pools.a.members.static: must have at least 1 item"));
  EXPECT_THAT(
      errors_of(with_pool("    members: {etcd: {}, file: {path: /x}}\n")),
      ElementsAre("5:25 pools.a.members: \"file\" beside \"etcd\" (give one of static, file or etcd)"));
}

TEST(check, static_members_have_ids_of_their_own_and_weights) {
  EXPECT_THAT(
      errors_of(with_pool(
          "    members:\n      static:\n        - {id: x, address: 'h:1', weight: 0}\n"
          "        - {id: x, address: 'h:2', weight: 65536}\n        - {id: 'x y', address: 'h:3'}\n"
          "        - {id: z, address: 'h:4', state: drainig}\n")),
      ElementsAre("7:43 pools.a.members.static[0].weight: must be 1 to 65535",
                  "8:16 pools.a.members.static[1]: the id \"x\" is taken (it is first given in line 7)",
                  "8:43 pools.a.members.static[1].weight: must be 1 to 65535",
                  "9:16 pools.a.members.static[2].id: not a name: \"x y\" (names have 1 to 128 letters, "
                  "digits, dots, "
                  "underscores and hyphens)",
                  "10:42 pools.a.members.static[3].state: must be one of ready, draining, not \"drainig\" "
                  "(did you mean "
                  "\"draining\"?)"));
}

TEST(check, pools_have_names_that_etcd_keys_can_hold) {
  EXPECT_THAT(errors_of("listeners: [{address: ':8080'}]\nroutes: [{pool: a}]\n"
                        "pools: {a: {members: {etcd: {}}}, b/c: {members: {etc: {}}}}\n"),
              ElementsAre("3:35 pools: not a name: \"b/c\" (names have 1 to 128 letters, digits, dots, "
                          "underscores and hyphens)",
                          "3:50 pools.b/c.members: must have one of static, file or etcd",
                          "3:51 pools.b/c.members: unknown key \"etc\" (did you mean \"etcd\"?)"));
}

TEST(check, handoff_is_what_this_release_has) {
  EXPECT_THAT(
      errors_of(with_pool("    members: {etcd: {}}\n    handoff: fenced\n    fail_over: nxt\n")),
      ElementsAre(
          "6:14 pools.a.handoff: \"fenced\" is not in this release (write available, barrier)",
          "7:16 pools.a.fail_over: must be one of next, refuse, not \"nxt\" (did you mean \"next\"?)"));
}

const std::string signing = "signing: {keys: [{id: k, secret: '${LIMPET_KEY}'}]}\n";

std::vector<std::string> session_errors(const std::string& key, const std::string& more = signing) {
  return errors_of(with_pool("    members: {etcd: {}}\n    session:\n      key:\n" + key) + more);
}

TEST(check, a_session_key_has_one_origin) {
  EXPECT_THAT(
      session_errors("        - {header: X, query: y}\n        - {}\n        - {cookei: z}\n"),
      ElementsAre(
          "8:23 pools.a.session.key[0]: \"query\" beside \"header\" (give one of header, cookie, query, "
          "path, "
          "client_address or envelope)",
          "9:11 pools.a.session.key[1]: must have one of header, cookie, query, path, client_address or "
          "envelope",
          "10:11 pools.a.session.key[2]: must have one of header, cookie, query, path, client_address or "
          "envelope",
          "10:12 pools.a.session.key[2]: unknown key \"cookei\" (did you mean \"cookie\"?)"));
}

TEST(check, an_origin_that_is_given_twice_is_one_mistake) {
  EXPECT_THAT(
      session_errors("        - {header: X, header: Y}\n"),
      ElementsAre(
          "8:23 pools.a.session.key[0]: the key \"header\" is given twice (it is first given in line 8)"));
}

TEST(check, session_key_names_are_tokens) {
  EXPECT_THAT(
      session_errors("        - {header: 'a b'}\n        - {cookie: 'a=b'}\n        - {path: {}}\n"
                     "        - {client_address: {ipv4_prefix: 33}}\n"),
      ElementsAre(
          "8:20 pools.a.session.key[0].header: not a header name: \"a b\" (letters, digits and "
          "!#$%&'*+-.^_`|~, at "
          "most 128 bytes)",
          "9:20 pools.a.session.key[1].cookie: not a cookie name: \"a=b\" (letters, digits and "
          "!#$%&'*+-.^_`|~, at "
          "most 128 bytes)",
          "10:18 pools.a.session.key[2].path: must have \"segment\" (1 is the first: of `/users/ALICE`, 2 is "
          "`ALICE`.)",
          "11:42 pools.a.session.key[3].client_address.ipv4_prefix: must be 1 to 32"));
}

TEST(check, only_cookies_are_issued_and_only_issued_cookies_are_pinned) {
  EXPECT_THAT(
      session_errors("        - {header: X, pin: true}\n        - {cookie: c, pin: true}\n        - {query: "
                     "q, issue: {}}\n"
                     "        - {cookie: d, pin: false}\n"),
      ElementsAre(
          "8:23 pools.a.session.key[0]: only an issued cookie can be pinned (add issue: {} to a cookie)",
          "9:23 pools.a.session.key[1]: only an issued cookie can be pinned (add issue: {} to a cookie)",
          "10:22 pools.a.session.key[2]: only a cookie can be issued (put it under a cookie)"));
}

TEST(check, a_pool_issues_one_cookie) {
  EXPECT_THAT(session_errors("        - {cookie: c, issue: {}}\n        - {cookie: d, issue: {}}\n"),
              ElementsAre("9:23 pools.a.session: a pool issues one cookie at most"));
}

TEST(check, an_issued_cookie_is_signed) {
  EXPECT_THAT(session_errors("        - {cookie: c, issue: {}}\n", ""),
              ElementsAre("8:23 pools.a.session.key[0].issue: nothing signs the cookie (add signing: {keys: "
                          "[{id: k1, secret: "
                          "\"${LIMPET_KEY}\"}]})"));
}

TEST(check, a_cookie_that_needs_https_has_someone_to_say_so) {
  const std::string key = "        - {cookie: c, issue: {same_site: none}}\n";
  const std::string refused =
      "this cookie needs https, and nothing says that a client came over it (list the proxy that ends TLS in "
      "forwarded.trusted, or use same_site: lax and a plain name)";
  EXPECT_THAT(session_errors(key), ElementsAre("8:23 pools.a.session.key[0].issue: " + refused));
  EXPECT_THAT(session_errors("        - {cookie: __Secure-c, issue: {}}\n"),
              ElementsAre("8:32 pools.a.session.key[0].issue: " + refused));
  EXPECT_THAT(session_errors(key, signing + "forwarded: {trusted: [10.0.0.0/8]}\n"), ElementsAre());
}

TEST(check, a_host_only_cookie_has_no_domain_and_path) {
  const std::string trusted = signing + "forwarded: {trusted: [10.0.0.0/8]}\n";
  const std::string refused = "8:30 pools.a.session.key[0]: browsers refuse a __Host- cookie with a domain, "
                              "or a path other than / (choose another name, or "
                              "leave domain and path out)";
  EXPECT_THAT(session_errors("        - {cookie: __Host-c, issue: {domain: a.com}}\n", trusted),
              ElementsAre(refused));
  EXPECT_THAT(session_errors("        - {cookie: __Host-c, issue: {path: /x}}\n", trusted),
              ElementsAre(refused));
  EXPECT_THAT(session_errors("        - {cookie: __Host-c, issue: {}}\n", trusted), ElementsAre());
}

TEST(check, same_site_is_one_of_three) {
  EXPECT_THAT(session_errors("        - {cookie: c, issue: {same_site: None}}\n"),
              ElementsAre("8:42 pools.a.session.key[0].issue.same_site: must be one of lax, strict, none, "
                          "not \"None\" (did you mean "
                          "\"none\"?)"));
}

TEST(check, signing_keys_have_ids_of_their_own_and_one_secret) {
  EXPECT_THAT(
      errors_of(with("signing:\n  keys:\n    - {id: k, secret: 0123456789abcdef}\n    - {id: k, secret: "
                     "0123456789abcdef}\n"
                     "    - {id: l}\n    - {id: m, secret: ''}\n    - {id: n, secret: <redacted>}\n")),
      ElementsAre("7:12 signing.keys[1]: the id \"k\" is taken (it is first in line 6)",
                  "8:7 signing.keys[2]: must have one of secret or file",
                  "9:23 signing.keys[3].secret: an empty secret",
                  "10:23 signing.keys[4].secret: a secret that was hidden when it was printed (write the "
                  "secret itself)"));
  EXPECT_THAT(
      errors_of(with("signing: {keys: [{id: k, secret: 0123456789abcdef, file: /nowhere}]}\n")),
      testing::Contains("4:52 signing.keys[0]: \"file\" beside \"secret\" (give one of secret or file)"));
}

TEST(check, etcd_settings_fit_together) {
  EXPECT_THAT(
      errors_of(
          with("etcd:\n  endpoints: ['127.0.0.1:2379', 'http://a:1/x']\n  prefix: limpet/\n  username: u\n"
               "  tls: {certificate: /c}\n")),
      ElementsAre(
          "5:15 etcd.endpoints[0]: not the address of an etcd: \"127.0.0.1:2379\" (write http://host:port or "
          "https://host:port)",
          "5:33 etcd.endpoints[1]: not the address of an etcd: \"http://a:1/x\" (write http://host:port or "
          "https://host:port)",
          "6:11 etcd.prefix: not a key prefix: \"limpet/\" (begins with / and does not end with one)",
          "7:3 etcd: a username without a password (add password)",
          "8:9 etcd.tls: a certificate without its key (add key)"));
  EXPECT_THAT(errors_of(with("etcd: {password: p, tls: {key: /k}}\n")),
              ElementsAre("4:8 etcd: a password without a username (add username)",
                          "4:27 etcd.tls: a key without its certificate (add certificate)"));
}

TEST(check, trusted_proxies_and_log_targets_have_a_form) {
  EXPECT_THAT(
      errors_of(
          with("forwarded: {trusted: [10.0.0.0/33], mode: apend}\nlogging: {level: warn, access: stdot}\n")),
      ElementsAre(
          "4:23 forwarded.trusted[0]: not an address block: \"10.0.0.0/33\" (write 10.0.0.0/8, 192.0.2.1 or "
          "2001:db8::/32)",
          "4:43 forwarded.mode: must be one of append, replace, not \"apend\" (did you mean \"append\"?)",
          "5:18 logging.level: must be one of debug, info, warning, error, not \"warn\"",
          "5:32 logging.access: not a log target: \"stdot\" (write off, stdout or the path of a file)"));
}

TEST(check, finds_all_at_once_in_the_order_of_the_file) {
  const auto errors =
      errors_of("workers: x\nlistners: []\nroutes: [{pool: b, path: x}]\npools:\n  a:\n    members: {}\n"
                "    handoff: fenced\nadmin: {address: 1}\nlisteners: [{}]\n");
  std::vector<std::string> places;
  for (const std::string& e : errors)
    places.push_back(e.substr(0, e.find(' ')));
  EXPECT_THAT(places, ElementsAre("1:10", "2:1", "3:17", "3:26", "6:14", "7:14", "8:18", "9:13"));
}

std::vector<std::string> warnings_of(const std::string& yaml) {
  const load_result r = load(yaml);
  EXPECT_THAT(lines(r.errors), ElementsAre());
  return lines(r.warnings);
}

TEST(check, warns_of_what_may_be_meant) {
  EXPECT_THAT(
      warnings_of(with_pool("    members: {file: {path: /nowhere/m.yaml}}\n  b:\n    members: {etcd: {}}\n")),
      ElementsAre("5:28 pools.a: \"/nowhere/m.yaml\" is not there yet; the pool is empty until it is",
                  "6:3 pools.b: no route leads here"));
}

TEST(check, warns_of_secrets_that_are_none) {
  const std::string advice = " (write 32 random bytes, as openssl rand -hex 32 does)";
  EXPECT_THAT(
      warnings_of(with("signing:\n  keys:\n    - {id: a, secret: change-me-in-production}\n"
                       "    - {id: b, secret: 0123456789abcde}\n    - {id: c, secret: 0123456789abcdef}\n")),
      ElementsAre("6:23 signing.keys[0]: the secret is the example's: anyone can sign cookies" + advice,
                  "7:23 signing.keys[1]: the secret is shorter than 16 bytes" + advice));
  const temporary_file file("short\n");
  EXPECT_THAT(warnings_of(with("signing: {keys: [{id: a, file: " + file.path() + "}]}\n")),
              ElementsAre("4:32 signing.keys[0]: the secret is shorter than 16 bytes" + advice));
}

TEST(check, a_membership_file_that_is_there_gives_no_warning) {
  const temporary_file file("members: []\n");
  EXPECT_THAT(warnings_of(with_pool("    members: {file: {path: " + file.path() + "}}\n")), ElementsAre());
}

TEST(check, an_admin_address_that_others_reach_wants_a_token) {
  const auto admin = [](const std::string& keys) {
    return lines(load(with("admin: {" + keys + "}\n")).errors);
  };
  const std::string token = ", token: 0123456789abcdef";
  for (const std::string address :
       {"127.0.0.1:9901", "127.8.0.1:9901", "'[::1]:9901'", "localhost:9901", "'unix:/run/limpet/admin'"}) {
    EXPECT_THAT(admin("address: " + address), ElementsAre()) << address;
    EXPECT_THAT(admin("address: " + address + token), ElementsAre()) << address;
  }
  for (const std::string address :
       {"0.0.0.0:9901", "':9901'", "'[::]:9901'", "10.0.0.5:9901", "'[::ffff:10.0.0.5]:9901'"}) {
    EXPECT_THAT(admin("address: " + address),
                ElementsAre("4:18 admin: other machines reach this address, and nobody is asked for a token "
                            "(add token: \"${LIMPET_ADMIN_TOKEN}\", or bind 127.0.0.1)"))
        << address;
    EXPECT_THAT(admin("address: " + address + token), ElementsAre()) << address;
  }
}

TEST(check, a_group_needs_a_user) {
  EXPECT_THAT(errors_of(with("group: daemon\n")), ElementsAre("4:1 a group without a user (add user)"));
  EXPECT_THAT(lines(load(with("user: nobody\ngroup: daemon\n")).errors), ElementsAre());
}

TEST(check, an_admin_token_is_long_and_fits_into_a_field) {
  const auto token = [](const std::string& text) {
    return errors_of(with("admin: {address: ':9901', token: " + text + "}\n"));
  };
  EXPECT_THAT(token("0123456789abcde"),
              ElementsAre("4:34 admin: the token is shorter than 16 bytes (write 32 "
                          "random bytes, as openssl rand -hex 32 does)"));
  EXPECT_THAT(
      token("'0123456789 abcdef'"),
      ElementsAre("4:34 admin: a token is of visible ASCII characters, without spaces (write 32 random "
                  "bytes, as openssl rand -hex 32 does)"));
  EXPECT_THAT(token("'${NOT_SET}'"),
              ElementsAre(testing::HasSubstr("admin.token: the environment variable \"NOT_SET\"")));
  EXPECT_THAT(errors_of(with("admin: {token: 0123456789abcdef, token_file: /nowhere}\n")),
              ElementsAre("4:34 admin: there is a token already (leave one of them out)",
                          testing::HasSubstr("cannot read \"/nowhere\"")));
}

/// Whatever is wrong with a file, its messages go into logs that others read.
TEST(check, no_message_tells_a_secret) {
  const std::string secret = "hunter2";
  for (const std::string& text : {
           "signing: {keys: [{id: k, secret: " + secret + "}]}\n",
           "signing: {keys: [{id: k, secret: " + secret + ", file: /nowhere}]}\n",
           "signing: {keys: [{id: 'not a name', secret: " + secret + "}]}\n",
           "signing: {keys: [{id: k, secret: [" + secret + "]}]}\n",
           "signing: {keys: [{id: k, secret: {" + secret + ": 1}}]}\n",
           "signing: {keys: [{id: k, secret: '" + secret + "$'}]}\n",
           "admin: {address: ':1', token: " + secret + "}\n",
           "admin: {address: ':1', token: '" + secret + " " + secret + " " + secret + "'}\n",
           "admin: {token: [" + secret + "]}\n",
           "etcd: {username: u, password: '${X-" + secret + "}'}\n",
           "etcd: {username: u, password: '${X:=" + secret + "}'}\n",
           "etcd: {username: u, password: '${" + secret + "!}'}\n",
           "etcd: {password: " + secret + "}\n",
           "etcd: {password: [" + secret + "]}\n",
           "etcd: {endpoints: ['http://root:" + secret + "@127.0.0.1:2379']}\n",
           "etcd: {endpoints: ['root:" + secret + "@127.0.0.1:2379']}\n",
           "etcd: {endpoints: 'http://root:" + secret + "@127.0.0.1:2379'}\n",
       }) {
    const load_result loaded = load(with(text));
    EXPECT_FALSE(loaded.ok() && loaded.warnings.empty()) << text;
    EXPECT_THAT(lines(loaded.errors), testing::Each(testing::Not(testing::HasSubstr(secret)))) << text;
    EXPECT_THAT(lines(loaded.warnings), testing::Each(testing::Not(testing::HasSubstr(secret)))) << text;
  }
}

} // namespace
} // namespace limpet::config::test
