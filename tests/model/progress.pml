/* That the record gets somewhere: two movers as processes, a budget for everything, and a judge of the last state of each run.
   A mover that looks late, a proxy that is killed, leaves or loses its lease: in the end the newest members are committed. */
#define PROGRESS
#ifndef CHANGES
#define CHANGES 2 /* of the members */
#endif

#ifndef FAULTS
#define FAULTS 1
#endif
#ifndef REQUESTS
#define REQUESTS 1
#endif
byte faults = FAULTS;     /* kills, leavings, lost leases, movers that end */
byte requests = REQUESTS; /* that clients send */

#include "parameters.pml"
#include "store.pml"
#include "ledger.pml"
#include "proxy.pml"
#include "request.pml"
#include "environment.pml"

/* members/ and drains/ as they were at each revision. */
byte members_at[CHANGES + 1];
byte revision;

/* Rule 5. The read that a mover goes by may be older than another mover's. */
#define differs(m) (members_at[seen[m]] != record[head].members)
#ifdef MUTANT_NO_MEMBERS_REV
#define may_prepare(m) differs(m)
#else
#define may_prepare(m) (differs(m) && seen[m] > record[head].members_rev)
#endif
byte seen[2];
byte commits;

/* Rule 9, for the mover that looks last and so waits for most. */
#define holds_up(p) (routers[p] && acks[p] != head)
#define may_commit (record[head].prepare && !holds_up(0) && !holds_up(1))

proctype Mover(byte m) {
end:
  do
  :: d_step { seen[m] < revision -> seen[m]++; printf("mover %d reads members of revision %d\n", m, seen[m]) }
  :: d_step { may_prepare(m) && head + 1 < RECORDS ->
       record[head + 1].base = record[head].base;
       record[head + 1].members = members_at[seen[m]];
       record[head + 1].members_rev = seen[m];
       record[head + 1].prepare = true;
       head++;
       printf("mover %d writes record %d: PREPARE %c -> %c\n", m, head, 64 + record[head].base, 64 + record[head].members) }
  :: d_step { may_commit && head + 1 < RECORDS ->
       record[head + 1].base = record[head].members;
       record[head + 1].members = record[head].members;
       record[head + 1].members_rev = record[head].members_rev;
       head++;
       commits++;
       printf("mover %d writes record %d: COMMITTED %c\n", m, head, 64 + record[head].members) }
  :: d_step { m == 0 && left(faults) -> spend(faults); printf("mover %d dies\n", m) } -> break
  od
}

proctype Members() {
end:
  do
  :: atomic { revision < CHANGES ->
       if
       :: members_at[revision + 1] = 1
       :: members_at[revision + 1] = 2
       :: members_at[revision + 1] = 3
       fi;
       revision++;
       printf("members change: revision %d, %c\n", revision, 64 + members_at[revision]) }
  :: d_step { left(faults) -> faults = 0; printf("nothing more fails\n") }
  od
}

/* Nothing can happen any more. */
proctype Judge() {
  timeout ->
#ifdef ONLY_COMMITS /* a mutant has to come as far as no commit at all, however many records there are */
    assert(commits > 0 || head + 1 < RECORDS)
#else
    assert(!record[head].prepare && record[head].members == members_at[CHANGES] && revision == CHANGES);
    assert(!running(0) || !alive[0] || proxy[0].held[0] == head);
    assert(!running(1) || !alive[1] || proxy[1].held[0] == head)
#endif
}

init {
  byte p;
  atomic {
    record[0].members = 1;
    record[0].base = 1;
    members_at[0] = 1;
    do
    :: p < PROXIES -> run Proxy_process(p); run Keys_of(p); p++
    :: else -> p = 0; break
    od;
    run Request(0);
    run Request(1);
    run Mover(0);
    run Mover(1);
    run Members();
    run Judge()
  }
}
