/* The ownership protocol of `handoff: barrier`. See README.md. */
#include "parameters.pml"
#include "store.pml"
#include "ledger.pml"
#include "proxy.pml"
#include "request.pml"
#include "environment.pml"
#include "movers.pml"

init {
  byte p;
  atomic {
    named[0] = 1;
    named[KEYS - 1] = 1;
    record[0].members = members_of(1, 1);
    record[0].base = members_of(1, 1);
    do
    :: p < PROXIES -> run Proxy_process(p); run Keys_of(p); p++
    :: else -> p = 0; break
    od;
    run Request(0);
    run Request(1);
    run Movers()
  }
}
