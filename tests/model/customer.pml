/*
 * A customer who reads what is not committed, and answers each id once: with
 * an approval, since a rejection cannot collide with anything. Whether it is
 * quick or slow is a matter of when its step is taken. A customer who reads
 * read_committed does no more than this one may.
 */
active proctype customer()
{
	byte id;
end:	do
	:: atomic { (shown & ~answered) != 0 ->
		id = 0;
		do
		:: HAS(shown & ~answered, id) -> break
		:: ((shown & ~answered) >> (id + 1)) != 0 -> id++
		od;
		answered = answered | BIT(id);
		ANSWERED(id);
		decisions[decision_count] = id;
		decision_count++;
		id = 0 }
	od
}
