/* What happens to an incarnation's keys: its lease runs out, others remove it. Rule 3. */

/* Time as a guard: once the grace is over, every deadline from a read before it is past, and D more. */
#ifdef MUTANT_NO_D
#define nothing_executes(p) true
#else
#define nothing_executes(p) (!executes_any(p))
#endif
#ifdef MUTANT_NO_GRACE
#define grace_is_over(p) true
#else
#define grace_is_over(p) (proxy[p].deadline != BEFORE && nothing_executes(p))
#endif

/* A reply that is still under way then brings a deadline that is past, since it counts from when the read was sent. */
#ifdef MUTANT_RECEIVE_TIME
#define reply_after_grace(p) proxy[p].reply
#else
#define reply_after_grace(p) (proxy[p].reply == BEFORE -> NEVER : proxy[p].reply)
#endif

proctype Keys_of(byte p) {
end:
  do
  :: d_step { DETAIL && alive[p] && (left(faults) || !running(p)) ->
       if :: running(p) -> spend(faults) :: else fi;
       alive[p] = false; proxy[p].grace = true;
       printf("alive/ of proxy %d is lost, and somebody sees it\n", p);
#ifdef MUTANT_LEASED_ROUTERS
       routers[p] = false; acks[p] = 0
#endif
     }
#ifdef MUTANT_ALIVE_AGAIN
  :: d_step { running(p) && routers[p] && !alive[p] -> alive[p] = true; printf("proxy %d puts alive/ again\n", p) }
#endif
  :: d_step { routers[p] && proxy[p].grace && !alive[p] && grace_is_over(p) ->
       printf("the grace of proxy %d is over, it is removed\n", p);
       routers[p] = false; acks[p] = 0; proxy[p].grace = false;
       proxy[p].reply = reply_after_grace(p) }
  /* The same lazily: the deadline passes in the step that needs it to be past. */
  :: d_step { !DETAIL && running(p) && routers[p] && nothing_executes(p) ->
       printf("proxy %d loses alive/ and is removed after the grace\n", p);
       delete_keys(p); end_process(p) }
  od
}
