/* What etcd holds under PREFIX/<pool>/. A step of the model that touches it is one transaction. */

typedef Record {
  bool prepare; /* else committed */
  byte members; /* as far as the keys see them: who owns each, see owner() */
  byte base;    /* the last committed members; of a committed record, its own */
#ifdef PROGRESS
  byte members_rev; /* the revision of the read that the members are from */
#endif
};

Record record[RECORDS]; /* every value that `view` ever had; the index stands for mod_revision */
byte head;              /* the newest of them */

bool routers[PROXIES]; /* routers/P.inc, not leased */
bool alive[PROXIES];   /* alive/P.inc, leased */
byte acks[PROXIES];    /* acks/P.inc: the PREPARE acknowledged, 0 for none */

/* The barrier set of the PREPARE at the head: whom its commit waits for. Read at the PREPARE's own revision: whoever reads
   it later waits for joiners too, and so for more. */
bool waited_for[PROXIES];

/* Placement. Members that differ in nothing that moves a key are the same to us. */
#if KEYS == 1
#define owner(members, key) (members)
#define members_of(first, second) (first)
#else
#define members_of(first, second) ((first) + (OWNERS + 1) * (second))
#define owner(members, key) ((key) == 0 -> (members) % (OWNERS + 1) : (members) / (OWNERS + 1))
#endif

/* Owners are (id, incarnation); A and B are two incarnations of one id, C is another id. */
#ifdef MUTANT_BY_ID
#define id_of(owner) ((owner) == 2 -> 1 : (owner))
#define same_owner(one, other) (id_of(one) == id_of(other))
#else
#define same_owner(one, other) ((one) == (other))
#endif

/* Rule 6: by record r, does the key stay where it is? Then its owner is owner_by(r, key), else its requests are parked. */
#define stays(r, key) same_owner(owner(record[r].base, key), owner(record[r].members, key))
#define owner_by(r, key) owner(record[r].base, key)
