// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Fills containers in functions of their own and prints, as JSON, what went into
 * each and how often it rehashed: what the recording must say by call site.
 */
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#define NOINLINE __attribute__((noinline))

struct books {
	unsigned long inserts, rehashes;
};

NOINLINE books fill_map(int n)
{
	std::map<int, std::string> m;

	for (int i = 0; i < n; i++)
		m[i * 7919 % 104729] = "a value that does not fit a short string";
	/* Those that are there already are no inserts. */
	for (int i = 0; i < n; i++)
		m[i * 7919 % 104729] += "x";
	return {m.size(), 0};
}

NOINLINE books fill_set(int n)
{
	std::multiset<int> s;

	for (int i = 0; i < n; i++)
		s.insert(i / 3);
	return {s.size(), 0};
}

template <class Hash, class Insert>
static inline books fill_hash(Hash &h, int n, Insert insert)
{
	books b = {0, 0};
	size_t buckets = h.bucket_count();

	for (int i = 0; i < n; i++) {
		insert(h, i);
		if (h.bucket_count() != buckets) {
			buckets = h.bucket_count();
			b.rehashes++;
		}
	}
	b.inserts = h.size();
	return b;
}

NOINLINE books fill_unordered(int n)
{
	std::unordered_map<int, std::string> h;

	return fill_hash(h, n, [](auto &m, int i) { m[i] = "a value of more than 15 bytes"; });
}

NOINLINE books fill_reserved(int n)
{
	std::unordered_map<int, long> h;

	h.reserve(static_cast<size_t>(n));
	return fill_hash(h, n, [](auto &m, int i) { m[i] = i; });
}

NOINLINE books fill_unordered_set(int n)
{
	std::unordered_set<std::string> h;

	return fill_hash(h, n, [](auto &s, int i) { s.insert(std::to_string(i)); });
}

static void print(const char *name, books b, bool last = false)
{
	std::printf("\"%s\": {\"inserts\": %lu, \"rehashes\": %lu}%s", name, b.inserts, b.rehashes,
		    last ? "}\n" : ", ");
}

int main()
{
	std::printf("{");
	print("fill_map", fill_map(1009));
	print("fill_set", fill_set(2003));
	print("fill_unordered", fill_unordered(5003));
	print("fill_reserved", fill_reserved(3001));
	print("fill_unordered_set", fill_unordered_set(4001), true);
	return 0;
}
