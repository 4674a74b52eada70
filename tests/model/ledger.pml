/* Requests and tunnels: what the proxy knows of each (state), and what the member does (executing). Rules 6 and 7.

   Two are enough, used over and over: two owners at once are two of them, and no step of anybody waits for there to be a
   request, only for there to be none. So what can go wrong among many goes wrong among two of them alone. */

#define IDLE 0      /* there is none */
#define CHOSEN 1    /* its owner is chosen, nothing is written */
#define OPEN 2      /* the first byte is written, and the answer is not read to its end; or a tunnel */
#define GIVEN_UP 3  /* its connection is: client gone, time-out, cut, fence, error, end of the proxy */
#define FORGOTTEN 4 /* given up and not counted, though it executes: only in mutants */

#define NOTHING 0
#define BY_FIRST 1 /* what the first byte set off goes on */
#ifdef LAZY
#define BY_LATER BY_FIRST
#else
#define BY_LATER 2 /* what a later byte set off goes on */
#endif

typedef Work {
  byte state;
  byte proxy;
  byte key;
  byte owner;
  byte executing;
};
Work work[2];

/* The drain ledger counts all there is, from the step that chose the owner. */
#ifdef MUTANT_CHOSEN_UNCOUNTED
#define counted(w) (work[w].state == OPEN || work[w].state == GIVEN_UP)
#else
#define counted(w) (work[w].state != IDLE && work[w].state != FORGOTTEN)
#endif
#define counted_by(w, p) (counted(w) && work[w].proxy == p)
#define counts_any(p) (counted_by(0, p) || counted_by(1, p))
#define counts_moved_of(w, p, r) (counted_by(w, p) && !stays(r, work[w].key))
#define counts_moved(p, r) (counts_moved_of(0, p, r) || counts_moved_of(1, p, r))

#define executing(w) (work[w].executing != NOTHING)
#define executes(w, p) (executing(w) && work[w].proxy == p)
#define executes_any(p) (executes(0, p) || executes(1, p))

/* The invariant: no two owners execute one session's work at once. What a byte sets off counts from the byte's write and
   not from its arrival: that asks for more. */
inline one_owner() {
  assert(!(executing(0) && executing(1) && work[0].key == work[1].key && work[0].owner != work[1].owner));
#ifdef PROBE /* not an invariant: that it fails shows that a session does move twice */
  assert(head < 4 || !executing(0) || work[0].owner != 3)
#endif
}

inline clear(w) {
  work[w].state = IDLE;
  work[w].proxy = 0;
  work[w].key = 0;
  work[w].owner = 0;
  work[w].executing = NOTHING
}

/* Nothing was written: it is over. Else it may execute, and counts on. */
inline give_up(w, how) {
  if
  :: work[w].state == CHOSEN -> clear(w)
  :: work[w].state == OPEN && executing(w) -> work[w].state = how
  :: work[w].state == OPEN && !executing(w) -> clear(w)
  :: else
  fi
}
