/* All that happens to a request once its owner is chosen. */

/* Rule 2: each byte is written before the deadline. */
#ifdef MUTANT_NO_FENCE
#define may_write(w) running(work[w].proxy)
#else
#define may_write(w) (running(work[w].proxy) && proxy[work[w].proxy].deadline != NEVER)
#endif

#ifdef MUTANT_GIVEN_UP_CLIENT
#define GIVEN_UP_BY_CLIENT FORGOTTEN
#else
#define GIVEN_UP_BY_CLIENT GIVEN_UP
#endif
#ifdef MUTANT_GIVEN_UP_FENCE
#define GIVEN_UP_BY_FENCE FORGOTTEN
#else
#define GIVEN_UP_BY_FENCE GIVEN_UP
#endif

/* Time as a guard: D after the last byte nothing of it executes any more. */
#ifdef MUTANT_D_FROM_FIRST_BYTE
#define time_is_over(w) (work[w].executing != BY_FIRST)
#else
#define time_is_over(w) (!executing(w))
#endif

proctype Request(byte w) {
end:
  do
  :: d_step { work[w].state == CHOSEN && may_write(w) ->
       work[w].state = OPEN; work[w].executing = BY_FIRST;
       printf("proxy %d writes the first byte of request %d to %c\n", work[w].proxy, w, 64 + work[w].owner);
       one_owner() }
  :: d_step { work[w].state == OPEN && work[w].executing != BY_LATER && (AGAIN || executing(w)) && may_write(w) ->
       work[w].executing = BY_LATER;
       printf("proxy %d writes another byte of request %d to %c\n", work[w].proxy, w, 64 + work[w].owner);
       one_owner() }
  :: d_step { executing(w) ->
       work[w].executing = NOTHING;
       printf("%c is done with what request %d set off\n", 64 + work[w].owner, w);
       if :: work[w].state == FORGOTTEN -> clear(w) :: else fi }
  :: d_step { work[w].state == OPEN && !executing(w) ->
       printf("proxy %d has read the answer of request %d to its end\n", work[w].proxy, w);
       clear(w) }
  :: d_step { DETAIL && (work[w].state == CHOSEN || work[w].state == OPEN) && running(work[w].proxy) && may_write(w) ->
       printf("proxy %d gives up request %d: its client is gone\n", work[w].proxy, w);
       give_up(w, GIVEN_UP_BY_CLIENT) }
  :: d_step { DETAIL && (work[w].state == CHOSEN || work[w].state == OPEN) && running(work[w].proxy) && !may_write(w) ->
       printf("proxy %d gives up request %d: it is fenced\n", work[w].proxy, w);
       give_up(w, GIVEN_UP_BY_FENCE) }
  :: d_step { work[w].state == GIVEN_UP && time_is_over(w) ->
       printf("request %d of proxy %d was given up D ago\n", w, work[w].proxy);
       if :: executing(w) -> work[w].state = FORGOTTEN :: else -> clear(w) fi }
  od
}
