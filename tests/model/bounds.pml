/*
 * Sizes, and what differs between the variants.
 *
 * INPUTS   pending events, of one device path and different certificates
 * FAULTS   how many faults of faults.pml may happen, in each combination
 * GATE     with the gate in the broker: it offers an event until ackPending,
 *          and gives it its request id. Without it, the id is made of the
 *          journal's id and the place in it.
 * JOURNALS each bridge has one, and a new one after its disk was lost
 */
#ifndef INPUTS
#define INPUTS 2
#endif
#ifndef FAULTS
#define FAULTS 2
#endif

#ifdef GATE
#ifndef JOURNALS
#define JOURNALS (2 + FAULTS)
#endif
#define IDS INPUTS
#define ID(i, j) (i)
#define IDS_OF(i) (1 << (i))
#define INPUT_OF(id) (id)
#else
#ifndef JOURNALS
#define JOURNALS (2 + FAULTS)
#endif
#define IDS (INPUTS * JOURNALS)
#define ID(i, j) ((i) * JOURNALS + (j))
#define IDS_OF(i) (((1 << JOURNALS) - 1) << ((i) * JOURNALS))
#define INPUT_OF(id) ((id) / JOURNALS)
#endif

#define BIT(n) (1 << (n))
#define HAS(set, n) ((set) & BIT(n))
#define EACH(i) i : 0 .. (INPUTS - 1)

#define NOBODY 2
#define OTHER(x) (1 - (x))
