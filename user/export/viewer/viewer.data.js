// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The profile embedded in the page, as typed arrays.
 *
 * user/export/html.c writes a tree of fine nodes, one per (caller, function,
 * line, inlined), in preorder: node 0 is the root, and each later node says how
 * many levels to climb from the one before it ("up") to find its parent:
 *
 *	root			up
 *	  main.main		 0
 *	    main.handler	 0
 *	      runtime.mallocgc	 0
 *	    main.flush		 2
 *
 * Samples name the fine node they ended in and keep kind, epoch (between which GC
 * cycles: viewer.cycles.js), type and call site, so that a view may weigh just
 * some of them. Columns are delta-coded where
 * said; a column that would hold only zeros is empty.
 *
 * A comparison has the samples of both recordings in one tree, told apart by their
 * side: 0 before, 1 after. A page of one recording has side 0 only.
 */

/* In the order of the buttons. The index is the unit's number everywhere. */
const UNITS = [
	{key: "bytes", letter: "b", name: "Bytes", noun: "bytes", format: formatBytes},
	{key: "objects", letter: "o", name: "Objects", noun: "objects", format: formatCount},
	{key: "inserts", letter: "m", name: "Map inserts", noun: "map inserts", format: formatCount},
	/* Few recordings have any: no button for it where there are none. */
	{key: "flushes", letter: "w", name: "Barrier flushes", noun: "write barrier flushes", format: formatCount,
	 rare: true},
	{key: "assists", letter: "h", name: "GC assists", noun: "time in GC assists", format: formatDuration, rare: true},
	{key: "frees", letter: "r", name: "Frees", noun: "frees", format: formatCount, rare: true},
	/* Not so much per second, but what there is when the recording ends. */
	{key: "inuse", letter: "l", name: "In use", noun: "bytes in use at the end", format: formatBytes, rare: true,
	 state: true},
	{key: "inuse_objects", letter: "L", name: "Objects in use", noun: "objects in use at the end", format: formatCount,
	 rare: true, state: true},
];
const BYTES = 0, OBJECTS = 1, INSERTS = 2, FLUSHES = 3, ASSISTS = 4, FREES = 5, INUSE = 6, INUSE_OBJECTS = 7;

/*
 * By enum profile_kind of user/profile/profile.h: the unit that the events themselves are
 * of. The last is PAGE_KIND_LIVE of user/export/html_page.h; there are none of those between.
 */
const UNIT_OF_KIND = [OBJECTS, INSERTS, undefined, FLUSHES, ASSISTS, FREES, undefined, undefined, undefined, undefined,
	INUSE_OBJECTS];
/* The unit of their bytes, where these are shown. */
const BYTES_OF_KIND = {0: BYTES, 10: INUSE};
const KIND_ALLOC = 0;

/* By enum function_category of user/profile/profile.h. */
const CATEGORIES = [
	{key: "special", name: "Not a function"},
	{key: "go", name: "Go"},
	{key: "runtime", name: "Go runtime"},
	{key: "native", name: "Native"},
	{key: "allocator", name: "Allocator"},
];

const isGo = category => CATEGORIES[category].key === "go" || CATEGORIES[category].key === "runtime";

function decodeProfile(json) {
	const {functions, frames, nodes, samples} = json;
	const strings = json.strings.map(visible);
	const n = nodes.up.length + 1;
	const parent = new Int32Array(n);
	const frame = new Int32Array(n);

	parent[0] = -1;
	frame[0] = -1;
	for (let i = 1; i < n; i++) {
		let p = i - 1;

		for (let up = nodes.up[i - 1]; up > 0; up--)
			p = parent[p];
		parent[i] = p;
		frame[i] = nodes.frame[i - 1];
	}

	const column = values => values.length ? values : new Uint8Array(samples.node.length);
	const sampleNode = new Int32Array(samples.node.length);
	let at = 0;

	samples.node.forEach((delta, i) => sampleNode[i] = at += delta);
	return {
		meta: json,
		sides: json.before ? 2 : 1,
		functions: functions.name.map((id, i) => {
			const name = strings[id] || "[no name]";
			const category = functions.category[i];

			return {name, short: isGo(category) ? shortName(name) : strings[functions.short[i]] || name,
				file: strings[functions.file[i]], category};
		}),
		types: decodeTypes(json, strings),
		cycles: json.gc ? new Cycles(json, strings, samples) : null,
		frames, parent, frame,
		samples: {
			node: sampleNode,
			side: column(samples.side),
			kind: column(samples.kind),
			epoch: column(samples.epoch),
			type: column(samples.type),
			site: column(samples.site),
			objects: column(samples.objects),
			bytes: column(samples.bytes),
		},
	};
}

/* Type 0 is the one that is not known. Structs have a layout where their fields are. */
function decodeTypes({types, layouts}, strings) {
	const list = types.name.map((id, i) => {
		const name = i === 0 ? "[type not known]" : strings[id] || "[no name]";

		return {name, short: shortType(name), package: strings[types.package[i]],
			kind: types.kind[i], size: types.size[i], layout: null};
	});

	/* Short names that several types have are told apart by their packages. */
	const uses = new Map();

	for (const {short} of list)
		uses.set(short, (uses.get(short) || 0) + 1);
	for (const type of list) {
		if (uses.get(type.short) > 1 && type.package)
			type.short += ` (${type.package})`;
	}
	for (const layout of layouts)
		list[layout.number].layout = layout;
	return list;
}

/*
 * Which samples are of @type (-1: of any) and of a window of the timeline (null: of
 * all time); null: all of them are.
 */
function sampleFilter({samples}, type, window) {
	if (window && type >= 0)
		return i => window.epochs[samples.epoch[i]] && samples.type[i] === type;
	if (window)
		return i => window.epochs[samples.epoch[i]];
	return type >= 0 ? i => samples.type[i] === type : null;
}

/*
 * Goes through the samples that @keep, called with their numbers, lets pass (null:
 * all): add(sample, unit, amount), twice for what has bytes.
 */
function eachAmount({samples}, keep, add) {
	const {kind, objects, bytes} = samples;

	for (let i = 0; i < kind.length; i++) {
		if (keep && !keep(i))
			continue;
		add(i, UNIT_OF_KIND[kind[i]], objects[i]);
		if (kind[i] in BYTES_OF_KIND)
			add(i, BYTES_OF_KIND[kind[i]], bytes[i]);
	}
}

/* Children of each parent, side by side: those of p are list[start[p]] ... list[start[p + 1] - 1]. */
function groupBy(key, n_groups, first) {
	const start = new Int32Array(n_groups + 1);
	const list = new Int32Array(key.length - first);

	for (let i = first; i < key.length; i++)
		start[key[i] + 1]++;
	for (let g = 0; g < n_groups; g++)
		start[g + 1] += start[g];
	const next = start.slice(0, n_groups);
	for (let i = first; i < key.length; i++)
		list[next[key[i]]++] = i;
	return {start, list};
}

/*
 * The tree on screen: fine nodes of one function under one caller are one box,
 * whatever their lines; the lines come back as a breakdown of the box. A node's
 * number is greater than its parent's, so one backward loop adds up totals.
 */
class CallTree {
	constructor(profile) {
		const fine = profile.parent.length;
		const {frames, frame} = profile;
		const coarse = new Int32Array(fine);
		const parent = new Int32Array(fine).fill(-1);
		const func = new Int32Array(fine).fill(-1);
		const inlined = new Uint8Array(fine);
		const depth = new Int32Array(fine);
		/*
		 * Boxes by (caller, function, inlined), open addressing, 0 is free: a Map of as
		 * many keys would take longer than everything else together.
		 */
		const table = new Int32Array(2 ** Math.ceil(Math.log2(fine + 1) + 1));
		let n = 1;

		for (let i = 1; i < fine; i++) {
			const up = coarse[profile.parent[i]];
			const f = frames.function[frame[i]];
			const inl = frames.inlined[frame[i]];
			let at = Math.imul(up, 0x9e3779b1) ^ Math.imul(f * 2 + inl, 0x85ebca6b);

			for (at = (at ^ at >>> 15) & (table.length - 1); table[at] !== 0; at = (at + 1) & (table.length - 1)) {
				const node = table[at];

				if (parent[node] === up && func[node] === f && inlined[node] === inl)
					break;
			}
			if (table[at] === 0) {
				table[at] = n;
				parent[n] = up;
				func[n] = f;
				inlined[n] = inl;
				depth[n] = depth[up] + 1;
				n++;
			}
			coarse[i] = table[at];
		}

		this.profile = profile;
		this.n = n;
		this.parent = parent.subarray(0, n);
		this.func = func.subarray(0, n);
		this.inlined = inlined.subarray(0, n);
		this.depth = depth.subarray(0, n);
		this.rows = this.depth.reduce((a, b) => Math.max(a, b)) + 1;
		this.children = groupBy(this.parent, this.n, 1);
		this.coarse = coarse;
		this.fine = groupBy(coarse, this.n, 0);
		this.weigh(null);
	}

	/*
	 * Weighs the boxes by the samples that @keep lets pass (null: all). What is shown
	 * is the last side; a comparison finds the other one in .sides.
	 */
	weigh(keep) {
		const {profile} = this;
		const scale = profile.meta.scale || [1];

		this.whole = keep === null;
		this.sides = scale.map(() => ({fineSelf: UNITS.map(() => new Float64Array(profile.parent.length))}));
		eachAmount(profile, keep, (i, unit, amount) => {
			const side = profile.samples.side[i];

			this.sides[side].fineSelf[unit][profile.samples.node[i]] +=
				UNITS[unit].state ? amount : amount * scale[side];
		});
		for (const side of this.sides) {
			side.fineTotal = side.fineSelf.map(self => addUp(self, profile.parent));
			side.self = side.fineSelf.map(self => {
				const sum = new Float64Array(this.n);

				self.forEach((v, i) => sum[this.coarse[i]] += v);
				return sum;
			});
			side.total = side.self.map(self => addUp(self, this.parent));
		}
		this.show(this.shown === undefined ? this.sides.length - 1 : this.shown);
	}

	/* Whose weights are those of the boxes: .self, .total. */
	show(side) {
		this.shown = side;
		Object.assign(this, this.sides[side]);
	}

	name(node) {
		return node === 0 ? "all" : this.profile.functions[this.func[node]].name;
	}

	shortName(node) {
		return node === 0 ? "all" : this.profile.functions[this.func[node]].short;
	}

	/* Source lines of a box with their share of its total, largest first. */
	lines(node, unit) {
		const {profile} = this;
		const sums = new Map();

		for (let i = this.fine.start[node]; i < this.fine.start[node + 1]; i++) {
			const fine = this.fine.list[i];
			const line = profile.frames.line[profile.frame[fine]] || 0;

			if (line)
				sums.set(line, (sums.get(line) || 0) + this.fineTotal[unit][fine]);
		}
		return [...sums].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
	}
}

function addUp(self, parent) {
	const total = self.slice();

	for (let i = total.length - 1; i > 0; i--)
		total[parent[i]] += total[i];
	return total;
}
