#include "proxy/ops/index_page.hpp"

namespace limpet::ops {

// Names of members come from whoever registers them: the script puts them into text nodes only.
const std::string_view index_page = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Limpet</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { margin: 0; } h2 { margin: 2rem 0 .3rem; }
  nav a { margin-right: 1rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; }
  th { font-weight: 600; } td.number, th.number { text-align: right; }
  .facts, #status { color: #888; }
  .bad { color: #c33; font-weight: 600; }
  input { width: 24rem; max-width: 60%; font: inherit; }
</style>
<h1>Limpet</h1>
<p id="status">&nbsp;</p>
<nav>
  <a href="/metrics">metrics</a><a href="/members">members</a><a href="/membership">membership</a><a href="/drains">drains</a><a href="/config">config</a>
  <a href="/healthz">healthz</a><a href="/readyz">readyz</a><a href="/loglevel">loglevel</a><a href="/version">version</a>
</nav>
<form action="/explain">
  <h2>Where does a request go?</h2>
  <p><label>URL <input name="url" placeholder="http://chat.example.com/room/7?user=alice" required></label>
  <button>Explain</button></p>
</form>
<div id="pools"></div>
<script>
  "use strict";
  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const row = (tag, cells) => {
    const made = element("tr");
    for (const [text, className] of cells) made.append(element(tag, text, className));
    return made;
  };
  const columns = [["member"], ["address"], ["zone"], ["weight", "number"], ["state"], ["up"],
                   ["connections", "number"], ["incarnation"]];
  const stateOf = m => m.held ? "has left, held back" : m.leaving ? "has left" : m.state;
  const memberRow = m => row("td", [
    [m.id], [m.address], [m.zone], [m.weight, "number"], [stateOf(m), stateOf(m) === "ready" ? "" : "bad"],
    [m.up === undefined ? "" : m.up ? "yes" : m.left_out ?? "no", m.up === false ? "bad" : ""],
    [m.connections ?? "", "number"], [m.incarnation]]);
  const ids = list => list.map(one => one.id ?? one).join(", ");
  const railsTexts = rails => {
    const texts = [];
    if (!rails?.rails) return texts;
    const {joined, left, changed} = rails.pending;
    if (rails.suspended)
      texts.push(`suspended since ${rails.suspended_since}; to come: ${joined.length} join, ${left.length} leave, ` +
                 `${changed.length} change`);
    if (rails.held.length)
      texts.push(`held back: ${ids(rails.held)}; ${rails.held[0].why}; until ${rails.held[0].until ?? "resumed"}`);
    if (rails.damped.length) texts.push(`left out, since they come and go: ${ids(rails.damped)}`);
    return texts;
  };
  const poolTable = (pool, rails) => {
    const part = element("section");
    part.append(element("h2", pool.name));
    part.append(element("div", `${pool.source.kind}, epoch ${pool.epoch}, checksum ${pool.checksum}`, "facts"));
    for (const drain of pool.drains ?? [])
      part.append(element("div", `drained by an operator: ${drain.member}${drain.by ? `, for ${drain.by}` : ""}` +
                                 `${drain.at ? `, since ${drain.at}` : ""}${drain.member_is_there ? "" : " (no such member)"}`, "facts"));
    if (pool.stale) part.append(element("div", `stale: ${pool.source.last_error ?? "the source is out of reach"}`, "bad"));
    for (const text of railsTexts(rails)) part.append(element("div", text, "bad"));
    const table = element("table");
    table.append(row("th", columns), ...pool.members.map(memberRow));
    part.append(table);
    return part;
  };
  const status = document.getElementById("status");
  const refresh = async () => {
    try {
      const paths = ["/members", "/membership", "/version", "/readyz"];
      const [members, membership, version, ready] = await Promise.all(paths.map(path => fetch(path)));
      const pools = (await members.json()).pools;
      const rails = Object.fromEntries((await membership.json()).pools.map(pool => [pool.name, pool]));
      document.getElementById("pools").replaceChildren(...pools.map(pool => poolTable(pool, rails[pool.name])));
      status.textContent = `${(await version.json()).version}, ${(await ready.text()).trim()}, ` +
                           `as of ${new Date().toLocaleTimeString()}`;
      status.className = "";
    } catch (error) {
      status.textContent = `no answer: ${error.message}`;
      status.className = "bad";
    }
    setTimeout(refresh, 2000);
  };
  refresh();
</script>
</html>
)html";

} // namespace limpet::ops
