/* How large the model is. Each value can be given to spin as -DNAME=VALUE. */

#ifndef PROXIES
#define PROXIES 2 /* incarnations of proxies. A restart is one more of them. All start outside, so that each is a joiner. */
#endif
#ifndef RECORDS
#define RECORDS 5 /* values that `view` has in all, PREPARE and COMMITTED, the first included */
#endif
#ifndef WORKERS
#define WORKERS 1 /* workers of a proxy, each with a snapshot of its own */
#endif
#ifndef KEYS
#define KEYS 1 /* session keys */
#endif
#ifndef OWNERS
#define OWNERS 3 /* (id, incarnation, address) that may own a key */
#endif

/* In detail, or lazily. Some steps only take possibilities away: a process is killed, a deadline passes, a client gives up, a
   reply is slow. Without mutants nobody waits for them but the removal of a proxy, so it is enough that they happen when
   that needs them, in its step. LAZY leaves them out, which makes the model small enough for more records and proxies. */
#ifdef LAZY
#define DETAIL false
#else
#define DETAIL true
#endif

/* For progress all that might go on for ever has a budget, so that each run ends and its last state can be judged. Steps that
   are not AGAIN happen once; the budgets are in progress.pml. */
#ifdef PROGRESS
#define AGAIN false
#define left(budget) (budget > 0)
#define spend(budget) budget--
#else
#define AGAIN true
#define left(budget) true
#define spend(budget) skip
#endif

#ifdef NOBODY_LEAVES /* to see the trace of a mutant that takes another way */
#define LEAVES false
#else
#define LEAVES true
#endif
