// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Containers, strings, exceptions and arrays: the same allocations at each run.
#include <algorithm>
#include <cstdio>
#include <list>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

static std::string word(unsigned n)
{
	std::ostringstream out;

	out << "word number " << n << " of many more than fit a short string";
	return out.str();
}

struct alignas(64) Line {
	char bytes[64];
};

int main()
{
	std::map<std::string, int> ordered;
	std::unordered_map<unsigned, std::unique_ptr<std::string>> hashed;
	std::list<std::vector<int>> lists;
	size_t sum = 0;

	for (unsigned i = 0; i < 3000; i++) {
		ordered[word(i % 1009)]++;
		hashed[i * 7919] = std::make_unique<std::string>(word(i));
		lists.emplace_back(i % 37, 1);
		if (i % 100 == 0) {
			try {
				throw std::runtime_error(word(i));
			} catch (const std::exception &e) {
				sum += std::string(e.what()).size();
			}
		}
		std::unique_ptr<Line[]> lines(new Line[i % 5 + 1]);
		sum += sizeof(lines[0]);
	}
	hashed.erase(hashed.begin(), std::next(hashed.begin(), 1500));
	for (const auto &entry : ordered)
		sum += entry.second;
	std::printf("%zu %zu\n", sum, hashed.size());
	return 0;
}
