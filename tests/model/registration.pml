/* Rule 1: steps of Proxy_process(p). Incarnations are alike, so that they may register in the order of their numbers. */
#define may_register(p) (proxy[p].phase == OUTSIDE && (p == 0 || proxy[p - 1].phase != OUTSIDE))

#if defined(MUTANT_JOINER_READS_FIRST)
  :: d_step { may_register(p) ->
       proxy[p].phase = JOINING; hold(p, head);
       printf("proxy %d reads record %d\n", p, head) }
  :: d_step { proxy[p].phase == JOINING ->
       proxy[p].phase = RUNNING; routers[p] = true; alive[p] = true; proxy[p].reply = BEFORE;
       printf("proxy %d registers\n", p) }
#elif defined(MUTANT_TWO_STEPS)
  :: d_step { may_register(p) ->
       proxy[p].phase = JOINING; routers[p] = true; proxy[p].grace = true;
       printf("proxy %d creates routers/, and somebody sees that there is no alive/\n", p) }
  :: d_step { proxy[p].phase == JOINING ->
       proxy[p].phase = RUNNING; alive[p] = true; hold(p, head); proxy[p].reply = AFTER;
       printf("proxy %d creates alive/ and reads record %d\n", p, head) }
#else
  :: d_step { may_register(p) ->
       proxy[p].phase = RUNNING; routers[p] = true; alive[p] = true; hold(p, head);
       if :: DETAIL -> proxy[p].reply = BEFORE :: else -> proxy[p].deadline = BEFORE fi;
       printf("proxy %d registers and reads record %d\n", p, head) }
#endif
