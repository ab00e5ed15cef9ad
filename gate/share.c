/*
 * A verification cannot wait for its turn: the broker wants an answer at once.
 * So nothing is queued. Instead every address has a debt, the time of the
 * thread that it has used, and all debts are paid back as if the addresses were
 * queues that are served in turn: a fifth of the time that passes, in equal
 * parts for those that have a debt.
 *
 * The sum of the debts is bounded by the capacity. An address may go on while
 * its own debt is below what is left of the capacity. One busy address can
 * therefore use half of it, n of them n/(n+1), and something is always left for
 * an address that has used nothing. (Switches share their memory among ports
 * this way: Choudhury and Hahne, Dynamic Queue Length Thresholds.) A path that
 * has failed may go on only while the debt is below a quarter of what is left,
 * so that the address always has some time for its other paths.
 *
 * The table has a fixed size. When a set is full, the address with the smallest
 * debt is forgotten; its debt is still paid back before it is used again.
 */
#include "gate/share.h"

#include <stdlib.h>

#include "base/random.h"
#include "gate/map.h"

#define SETS	     256
#define WAYS	     4
#define STEP_MS	     10 /* debts are paid back at most this often */
#define FAILED_SHARE 4

struct account {
	uint64_t key; /* 0: empty */
	int64_t debt; /* us */
};

struct ztp_share {
	struct ztp_map hashing; /* only its seed is used */
	int64_t total;		/* sum of all debts */
	int64_t spare;		/* left over when debts were paid back */
	int64_t at;
	struct account homeless; /* debts of addresses that were forgotten */
	struct account accounts[SETS][WAYS];
};

struct ztp_share *ztp_share_new(void)
{
	struct ztp_share *share = calloc(1, sizeof(*share));

	if (share)
		ztp_random(&share->hashing.seed, sizeof(uint64_t));
	return share;
}

void ztp_share_free(struct ztp_share *share)
{
	free(share);
}

static struct account *account_at(struct ztp_share *share, size_t i)
{
	if (i == (size_t)SETS * WAYS)
		return &share->homeless;
	return &share->accounts[i / WAYS][i % WAYS];
}

static int64_t debtors(struct ztp_share *share)
{
	int64_t count = 0;

	for (size_t i = 0; i <= (size_t)SETS * WAYS; i++)
		if (account_at(share, i)->debt > 0)
			count++;
	return count;
}

/* Pays every debtor the same. What a small debt does not need is spare until
 * the next time. */
static void pay_back(struct ztp_share *share, int64_t now_ms)
{
	int64_t passed = now_ms - share->at, each;

	if (share->total > 0 && passed < STEP_MS)
		return;
	share->at = now_ms;
	if (share->total == 0)
		return;
	each = (passed * ZTP_SHARE_PER_MS + share->spare) / debtors(share);
	share->spare = 0;
	for (size_t i = 0; i <= (size_t)SETS * WAYS; i++) {
		struct account *account = account_at(share, i);
		int64_t paid = account->debt < each ? account->debt : each;

		if (account->debt == 0)
			continue;
		account->debt -= paid;
		share->total -= paid;
		share->spare += each - paid;
	}
	if (share->total == 0)
		share->spare = 0;
}

static uint64_t key_of(const struct ztp_share *share,
		       const struct ztp_throttle_source *source)
{
	uint64_t hash = ztp_map_hash(&share->hashing, source->bytes,
				     sizeof(source->bytes));

	return hash ? hash : 1;
}

static struct account *find(struct ztp_share *share, uint64_t key)
{
	struct account *set = share->accounts[key % SETS];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

static struct account *place(struct ztp_share *share, uint64_t key)
{
	struct account *set = share->accounts[key % SETS];
	struct account *smallest = &set[0];

	for (size_t i = 1; i < WAYS; i++)
		if (set[i].debt < smallest->debt)
			smallest = &set[i];
	share->homeless.debt += smallest->debt;
	*smallest = (struct account){.key = key};
	return smallest;
}

bool ztp_share_open(struct ztp_share *share,
		    const struct ztp_throttle_source *source, bool failed,
		    int64_t now_ms)
{
	const struct account *account;
	int64_t left, debt;

	pay_back(share, now_ms);
	account = find(share, key_of(share, source));
	left = ZTP_SHARE_CAPACITY_US - share->total;
	debt = account ? account->debt : 0;
	return left > 0 && debt * (failed ? FAILED_SHARE : 1) < left;
}

void ztp_share_charge(struct ztp_share *share,
		      const struct ztp_throttle_source *source, int64_t us,
		      int64_t now_ms)
{
	uint64_t key = key_of(share, source);
	struct account *account;

	pay_back(share, now_ms);
	account = find(share, key);
	if (!account)
		account = place(share, key);
	account->debt += us;
	share->total += us;
}
