// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Search. The expression is tried once per function, not per box; a stack with
 * several matches on it counts once, by its outermost one, so that the share is
 * what would be gone if the matching functions allocated nothing.
 */

/* Lower case finds everything, a capital means it. NULL where it is no expression. */
function compilePattern(text) {
	try {
		return new RegExp(text, /[A-Z]/.test(text.replace(/\\./g, "")) ? "u" : "iu");
	} catch {
		return null;
	}
}

/* A pattern that finds exactly @name. */
const exactPattern = name => "^" + name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&") + "$";

class Search {
	constructor(tree, text) {
		const pattern = compilePattern(text);

		this.valid = pattern !== null;
		this.functions = Uint8Array.from(tree.profile.functions,
						 f => pattern !== null && pattern.test(f.name) ? 1 : 0);
		this.tree = tree;
	}

	/*
	 * The outermost matching boxes of @layout, from left to right, and what they
	 * weigh together. Parents have smaller slots than their children.
	 */
	matches(layout, unit) {
		const {tree} = this;
		const within = new Uint8Array(layout.n);
		const nodes = [];
		let weight = 0;

		for (let s = 1; s < layout.n; s++) {
			const node = layout.node[s];

			if (within[layout.slotOf[tree.parent[node]]]) {
				within[s] = 1;
			} else if (this.functions[tree.func[node]]) {
				within[s] = 1;
				nodes.push(node);
				weight += tree.total[unit][node];
			}
		}
		nodes.sort((a, b) => layout.x0[layout.slotOf[a]] - layout.x0[layout.slotOf[b]]);
		return {nodes, weight};
	}
}
