/* Whoever moves the record on: rules 5, 9 and 10. As environment, for safety: a PREPARE of any members at any time, and each
   commit that the rules allow. Its compare-and-swap makes reading the head and writing the next one step. */

byte named[KEYS]; /* owners are alike: one that a key has not had yet is the next by number */

inline any_owner(o, k) {
  o = 1;
  do
  :: o <= named[k] && o < OWNERS -> o++
  :: break
  od;
  if :: o > named[k] -> named[k] = o :: else fi
}

/* Rule 9. Whom it no longer finds in routers/ was removed, or left. */
#ifdef MUTANT_OLD_ACKS
byte committed; /* when the last commit was */
#define has_acknowledged(p) (acks[p] > committed)
#else
#define has_acknowledged(p) (acks[p] == head)
#endif
#define does_not_hold_up(p) (!waited_for[p] || !routers[p] || has_acknowledged(p))
#if PROXIES == 2
#define nobody_holds_up (does_not_hold_up(0) && does_not_hold_up(1))
#elif PROXIES == 3
#define nobody_holds_up (does_not_hold_up(0) && does_not_hold_up(1) && does_not_hold_up(2))
#endif
#define may_commit (record[head].prepare && nobody_holds_up)

/* Rule 5. The set is read at the PREPARE's own revision: to read it later means to wait for joiners too, and so for more. */
#ifdef MUTANT_CACHED_ROUTERS
bool cached[PROXIES];
#define barrier_member(p) cached[p]
#else
#define barrier_member(p) routers[p]
#endif

inline read_routers() {
  p = 0;
  do
  :: p < PROXIES ->
    waited_for[p] = record[head].prepare && barrier_member(p);
#ifdef MUTANT_CACHED_ROUTERS
    cached[p] = routers[p];
#endif
#ifdef LAZY
    acks[p] = 0; /* of a record that is past, it makes no difference any more */
#endif
    p++
  :: else -> p = 0; break
  od
}

inline write_prepare(next) {
#ifdef MUTANT_BASE_OF_SUPERSEDED
  record[head + 1].base = record[head].members;
#else
  record[head + 1].base = (record[head].prepare -> record[head].base : record[head].members);
#endif
  record[head + 1].members = next;
  record[head + 1].prepare = true;
  head++;
  read_routers();
  printf("record %d: PREPARE %c -> %c\n", head, 64 + owner(record[head].base, 0), 64 + owner(next, 0))
}

/* The other invariant: what of a moved key is in flight at its commit is of a proxy behind its fence, and is unwritten. */
#ifdef ONLY_ONE_OWNER
#define nothing_moved_in_flight(w) true
#else
#define nothing_moved_in_flight(w) \
  (!counted(w) || stays(head, work[w].key) || \
   (!executing(w) && !(running(work[w].proxy) && !fenced(work[w].proxy))))
#endif

inline write_commit(decided) {
  record[head + 1].members = record[decided].members;
  record[head + 1].base = record[decided].members;
  head++;
  read_routers();
  printf("record %d: COMMITTED %c\n", head, 64 + owner(record[head].members, 0))
}

proctype Movers() {
  byte m, n, p;
end:
  do
  :: atomic { head + 1 < RECORDS ->
       any_owner(m, 0);
#if KEYS == 2
       any_owner(n, 1);
#endif
       d_step {
         write_prepare(members_of(m, n));
         m = 0;
         n = 0
       } }
  :: d_step { head + 1 < RECORDS && may_commit ->
       assert(nothing_moved_in_flight(0) && nothing_moved_in_flight(1));
#ifdef MUTANT_OLD_ACKS
       committed = head + 1;
#endif
       write_commit(head) }
  od
}
