/* One incarnation of a proxy: rules 1, 2, 4, 6, 7, 8 and 10. */

#define OUTSIDE 0
#define JOINING 1 /* only where a mutant registers in more than one step */
#define RUNNING 2
#define ENDED 3 /* for good: the next process is another incarnation */

/* Deadlines, by the read that they were computed from. */
#define NEVER 0  /* of a reply: none is under way; of a deadline: it is past, the proxy is fenced */
#define BEFORE 1 /* the read was before a grace began, so that the grace outlasts the deadline */
#define AFTER 2  /* it was after; then `alive` was absent, and there is no such reply, but for mutants */

typedef Proxy {
  byte phase;
  byte held[WORKERS]; /* the record that each worker has applied */
  byte reply;         /* a self-read was taken at etcd, and its reply is under way */
  byte deadline;
  bool grace; /* routers/ without alive/ was read; the removal's time runs */
};
Proxy proxy[PROXIES];

#define running(p) (proxy[p].phase == RUNNING)
#define fenced(p) (proxy[p].deadline == NEVER)

inline hold(p, number) {
  proxy[p].held[0] = number;
#if WORKERS == 2
  proxy[p].held[1] = number;
#endif
}

/* A process is no more. Its keys in etcd, and what it wrote to members, are still there. */
inline end_process(p) {
  proxy[p].phase = ENDED;
  proxy[p].reply = NEVER;
  proxy[p].deadline = NEVER;
  hold(p, 0);
  if :: work[0].proxy == p -> give_up(0, GIVEN_UP) :: else fi;
  if :: work[1].proxy == p -> give_up(1, GIVEN_UP) :: else fi
}

inline delete_keys(p) {
  routers[p] = false;
  alive[p] = false;
  acks[p] = 0;
  proxy[p].grace = false
}

/* Rules 6 and 10: of a key that stays, an owner is chosen; other requests are parked. */
#ifdef MUTANT_NO_PARKING
#define not_parked(r, k) true
#else
#define not_parked(r, k) stays(r, k)
#endif
#define may_choose(p, v, k) \
  (running(p) && !fenced(p) && work[1].state == IDLE && left(requests) && not_parked(proxy[p].held[v], k))

/* Rule 7: chosen and counted in the step that reads the snapshot. */
inline choose(p, v, k) {
  spend(requests);
  w = (work[0].state == IDLE -> 0 : 1);
  work[w].state = CHOSEN;
  work[w].proxy = p;
  work[w].key = k;
  work[w].owner = owner_by(proxy[p].held[v], k);
  printf("proxy %d chooses %c for request %d, by record %d\n", p, 64 + work[w].owner, w, proxy[p].held[v]);
  w = 0
}

/* Rule 8: never an older record than the one held. Any that is newer, since watches lag and skip. */
#ifdef MUTANT_BACKWARDS
#define first_to_apply(p, v) 0
#else
#define first_to_apply(p, v) (proxy[p].held[v] + 1)
#endif
inline apply(p, v) {
  r = first_to_apply(p, v);
  do
  :: r < head -> r++
  :: break
  od;
  d_step {
    proxy[p].held[v] = r;
    printf("proxy %d applies record %d\n", p, r);
    r = 0
  }
}

/* Rule 8: when to acknowledge the record held. A slow write is the same as to acknowledge later, since what is parked stays
   parked until another record is applied. */
#ifdef MUTANT_ACK_BEFORE_DRAIN
#define drained(p) true
#else
#define drained(p) !counts_moved(p, proxy[p].held[0])
#endif
#if WORKERS == 1 || defined(MUTANT_ACK_OF_ONE_WORKER)
#define all_applied(p) true
#else
#define all_applied(p) (proxy[p].held[0] == proxy[p].held[1])
#endif
#define may_acknowledge(p) \
  (running(p) && record[proxy[p].held[0]].prepare && all_applied(p) && drained(p) && \
   routers[p] && acks[p] != proxy[p].held[0] && (DETAIL || proxy[p].held[0] == head))

/* Rule 4: when to leave. */
#ifdef MUTANT_EXIT_AT_ONCE
#define may_leave(p) (running(p) && left(faults))
#else
#define may_leave(p) (LEAVES && running(p) && left(faults) && !counts_any(p))
#endif

/* Rule 4, upgrade to a successor that is an incarnation of its own: it takes over a live connection only where it might
   choose that owner itself, by the record that it holds now, and counts it from that step. */
#ifdef MUTANT_UPGRADE /* the predecessor counts it, and so has not acknowledged; that is not enough */
#define might_choose(p, w) routers[work[w].proxy]
#else
#define might_choose(p, w) \
  (stays(proxy[p].held[0], work[w].key) && owner_by(proxy[p].held[0], work[w].key) == work[w].owner)
#endif
#define may_adopt(p, w) \
  (AGAIN && running(p) && !fenced(p) && work[w].state == OPEN && work[w].proxy != p && running(work[w].proxy) && \
   might_choose(p, w))
inline adopt(p, w) {
  printf("proxy %d hands the connection of request %d over to proxy %d\n", work[w].proxy, w, p);
  work[w].proxy = p
}

proctype Proxy_process(byte p) {
  byte r, w;
end:
  do
#include "registration.pml"

  /* Rule 2. A read that misses one of the keys changes nothing. The record that it reads is applied like any other. */
  :: d_step { DETAIL && AGAIN && running(p) && proxy[p].reply == NEVER && routers[p] && alive[p] ->
       proxy[p].reply = (proxy[p].grace -> AFTER : BEFORE);
       printf("proxy %d reads its keys\n", p) }
  :: d_step { proxy[p].reply != NEVER ->
       proxy[p].deadline = proxy[p].reply; proxy[p].reply = NEVER;
       printf("proxy %d has the reply, and a deadline ahead\n", p) }
  :: d_step { DETAIL && (AGAIN || !alive[p]) && !fenced(p) ->
       proxy[p].deadline = NEVER;
       printf("proxy %d is past its deadline\n", p) }

  :: atomic { running(p) && first_to_apply(p, 0) <= head -> apply(p, 0) }
  :: d_step { may_choose(p, 0, 0) -> choose(p, 0, 0) }
#if KEYS == 2
  :: d_step { may_choose(p, 0, 1) -> choose(p, 0, 1) }
#endif
#if WORKERS == 2
  :: atomic { running(p) && first_to_apply(p, 1) <= head -> apply(p, 1) }
  :: d_step { may_choose(p, 1, 0) -> choose(p, 1, 0) }
#endif
  :: d_step { may_adopt(p, 0) -> adopt(p, 0) }
  :: d_step { may_adopt(p, 1) -> adopt(p, 1) }

  :: d_step { may_acknowledge(p) ->
       acks[p] = proxy[p].held[0];
       printf("proxy %d acknowledges record %d\n", p, acks[p]) }
  :: d_step { may_leave(p) ->
       spend(faults); delete_keys(p); end_process(p);
       printf("proxy %d leaves and deletes its keys\n", p) }
  :: d_step { DETAIL && running(p) && left(faults) ->
       spend(faults); end_process(p);
       printf("proxy %d is killed\n", p) }
  od
}
