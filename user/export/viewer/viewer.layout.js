// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Where every box of one unit lies. Computed once per unit, then only searched.
 *
 * Boxes are slots ordered by row and, within a row, from left to right; x is in
 * the unit itself (bytes, objects), which keeps sums exact and makes zooming a
 * matter of choosing another range. Callees stand heaviest first below their
 * caller, names deciding ties, and what the caller spent itself is the gap left
 * at the end. Nodes without weight in the unit have no slot.
 */
class Layout {
	constructor(tree, unit) {
		const weight = tree.total[unit];
		const {start, list} = tree.children;
		const slotOf = new Int32Array(tree.n).fill(-1);
		const node = new Int32Array(tree.n);
		const x0 = new Float64Array(tree.n);
		const x1 = new Float64Array(tree.n);
		const rows = [0];
		const heaviestFirst = (a, b) => weight[b] - weight[a] ||
			compare(tree.name(a), tree.name(b)) || a - b;
		let n = 0, row = 0;

		if (weight[0] > 0) {
			slotOf[0] = 0;
			x1[0] = weight[0];
			n = 1;
		}
		while (row < n) {
			const end = n;

			for (let s = row; s < end; s++) {
				const kids = list.subarray(start[node[s]], start[node[s] + 1]);
				let x = x0[s];

				/* Most boxes have one callee, or none. */
				if (kids.length > 1)
					kids.sort(heaviestFirst);
				for (const kid of kids) {
					if (!weight[kid])
						continue;
					slotOf[kid] = n;
					node[n] = kid;
					x0[n] = x;
					x1[n] = x += weight[kid];
					n++;
				}
			}
			row = end;
			rows.push(end);
		}

		this.total = weight[0];
		this.n = n;
		this.slotOf = slotOf;
		this.node = node.subarray(0, n);
		this.x0 = x0.subarray(0, n);
		this.x1 = x1.subarray(0, n);
		this.rows = Int32Array.from(rows); /* first slot of each row, and the end */
		this.depth = this.rows.length - 1;
		this.height = new Int32Array(n); /* rows above each slot that it reaches */
		for (let s = n - 1; s > 0; s--) {
			const up = slotOf[tree.parent[this.node[s]]];

			this.height[up] = Math.max(this.height[up], this.height[s] + 1);
		}
	}

	/* The first slot of @row that ends after @x; the row's end where none does. */
	firstAfter(row, x) {
		let low = this.rows[row], high = this.rows[row + 1];

		while (low < high) {
			const mid = (low + high) >> 1;

			if (this.x1[mid] > x)
				high = mid;
			else
				low = mid + 1;
		}
		return low;
	}

	/* The node that covers @x in @row, or -1. */
	at(row, x) {
		if (row < 0 || row >= this.depth)
			return -1;
		const slot = this.firstAfter(row, x);

		return slot < this.rows[row + 1] && this.x0[slot] <= x ? this.node[slot] : -1;
	}
}
