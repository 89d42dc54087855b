// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Never run: code with much inlined into it, for tests/e2e/test_native_names.py.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct Node {
	std::string name;
	std::vector<int> values;
};

size_t grow(Node &n)
{
	n.values.push_back(1);
	return n.values.size();
}

} // namespace

template <class T> struct Tree {
	std::map<T, Node> nodes;

	void add(T key)
	{
		auto twice = [&](int x) {
			nodes[key].values.push_back(x);
			grow(nodes[key]);
		};

		twice(3);
		twice(4);
	}
};

int main(int argc, char **argv)
{
	Tree<std::string> tree;
	std::unordered_map<int, std::string> words;
	std::ostringstream out;

	for (int i = 0; i < argc; i++)
		tree.add(argv[i]);
	words[argc] = std::regex_match("abc", std::regex(argv[0])) ? "yes" : "no";
	out << words[argc] << tree.nodes.size();

	std::function<int(int)> more = [&](int a) { return a + argc; };
	auto node = std::make_shared<Node>();

	node->name = out.str();
	std::sort(node->values.begin(), node->values.end());
	std::cout << node->name << more(2) << "\n";
}
