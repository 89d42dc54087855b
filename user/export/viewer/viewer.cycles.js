// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Collections in time: cycles, pauses, assists, rates of allocation, and which
 * samples are of which time.
 *
 * Samples are told apart by epoch: how many cycles had begun. What lies between
 * the beginnings of two cycles is a fill: it has filled the heap for the cycle it
 * ends with, and is what led to it. A window of the timeline is made of whole
 * fills, since nothing smaller is known of samples:
 *
 *	epoch 0   | epoch 1      | epoch 2
 *	          #1====         #2=====            cycles, marking
 *	\_ fill __/\_ fill ______/\_ fill, of no cycle yet
 *
 * Epochs of long recordings are folded together up to one of them, but for some
 * that were kept apart; samples of the others have the last of them.
 */
const TRIGGERS = ["heap", "timer", "forced", "trigger not known"]; /* enum profile_gc_trigger */

class Cycles {
	constructor({gc, duration_ns, targets}, strings, samples) {
		const or0 = (values, like) => values.length ? values : new Uint8Array(like.length);
		const {cycles, pauses, pools, memory, bins} = gc;

		this.report = gc;
		this.folded = gc.folded;
		this.targets = targets;
		this.cycles = {
			n: cycles.epoch.length, target: or0(cycles.target, cycles.epoch), epoch: cycles.epoch,
			start: cycles.start, end: cycles.end,
			live: or0(cycles.live, cycles.epoch), goal: or0(cycles.goal, cycles.epoch),
			limit: or0(cycles.limit, cycles.epoch), trigger: or0(cycles.trigger, cycles.epoch),
			percent: cycles.percent, name: cycles.name.map(id => strings[id]),
			sweepStart: or0(cycles.sweep_start, cycles.epoch), sweepEnd: or0(cycles.sweep_end, cycles.epoch),
			assist: new Float64Array(cycles.epoch.length),
		};
		this.pauses = {
			n: pauses.start.length, target: or0(pauses.target, pauses.start),
			epoch: or0(pauses.epoch, pauses.start), start: pauses.start,
			total: pauses.start.map((_, i) => pauses.stopping[i] + pauses.stopped[i]),
			stopping: pauses.stopping, gc: or0(pauses.gc, pauses.start),
			reason: pauses.reason.map(id => strings[id] || "reason not known"), site: pauses.site,
		};
		this.pools = {
			n: pools.epoch.length, target: or0(pools.target, pools.epoch), epoch: pools.epoch,
			before: pools.before, after: pools.after, name: pools.name.map(id => strings[id]),
		};
		this.memory = {
			n: memory.time.length, target: or0(memory.target, memory.time), time: memory.time,
			bytes: memory.bytes, peak: memory.peak,
		};
		this.bins = decodeBins(bins);
		this.end = Math.max(duration_ns, 1, this.bins.n * this.bins.width);
		for (let i = 0; i < this.cycles.n; i++)
			this.end = Math.max(this.end, cycles.start[i], cycles.end[i], this.cycles.sweepEnd[i]);
		for (let i = 0; i < this.pauses.n; i++)
			this.end = Math.max(this.end, pauses.start[i] + this.pauses.total[i]);
		this.end = Math.max(this.end, greatest(memory.time));
		this.fills = this.findFills(gc);
		this.addAssists(gc, samples);
		this.most = {
			pause: greatest(this.pauses.total), assist: greatest(this.cycles.assist),
			heap: Math.max(greatest(this.cycles.live), greatest(this.cycles.goal)),
			memory: greatest(this.memory.peak),
		};
	}

	/* By process, then time; each with the numbers of its epochs in the samples. */
	findFills(gc) {
		const {cycles} = this;
		const fills = [];

		this.targets.forEach((_, target) => {
			const own = [...Array(cycles.n).keys()].filter(i => cycles.target[i] === target && cycles.start[i] > 0);
			let fill = {target, from: 0, to: this.end, first: 0, cycle: -1, epochs: []};

			for (const i of own) {
				fill.to = Math.max(fill.from, cycles.start[i]);
				fill.last = cycles.epoch[i] - 1;
				fill.cycle = i;
				fills.push(fill);
				fill = {target, from: fill.to, to: this.end, first: cycles.epoch[i], cycle: -1, epochs: []};
			}
			fill.last = Infinity;
			fills.push(fill);
		});
		this.foldedEpochs = [];
		gc.epoch.forEach((epoch, number) => {
			const target = gc.epoch_target[number] || 0;

			if (epoch && epoch === this.folded)
				this.foldedEpochs.push({target, number});
			else
				(this.fillOf(fills, target, epoch) || {epochs: []}).epochs.push(number);
		});
		for (const fill of fills)
			fill.folded = !fill.epochs.length && fill.first <= this.folded && this.folded > 0;
		return fills;
	}

	/* By bisection: there may be thousands. */
	fillOf(fills, target, epoch) {
		let low = 0, high = fills.length - 1;

		while (low < high) {
			const middle = low + high >> 1;
			const fill = fills[middle];

			if (fill.target < target || fill.target === target && fill.last < epoch)
				low = middle + 1;
			else
				high = middle;
		}
		return fills[low] && fills[low].target === target ? fills[low] : null;
	}

	/* Assists of an epoch are made while the cycle marks that began it. */
	addAssists(gc, {kind, epoch, objects}) {
		const {cycles} = this;
		const of = new Float64Array(gc.epoch.length);
		const at = new Map(gc.epoch.map((e, number) => [(gc.epoch_target[number] || 0) + ":" + e, number]));

		for (let i = 0; i < kind.length; i++) {
			if (UNIT_OF_KIND[kind[i]] === ASSISTS)
				of[epoch[i] || 0] += objects[i];
		}
		for (let i = 0; i < cycles.n; i++) {
			const number = at.get(cycles.target[i] + ":" + cycles.epoch[i]);

			if (number !== undefined && !(cycles.epoch[i] && cycles.epoch[i] === this.folded))
				cycles.assist[i] = of[number];
		}
	}

	/* --- windows ------------------------------------------------------------- */

	/*
	 * The window that @from to @to, in ns, comes to: the fills that lie in it by half,
	 * or the one that most of it lies in.
	 */
	window(from, to) {
		const overlap = fill => Math.min(fill.to, to) - Math.max(fill.from, from);
		const inside = this.fills.filter(f => f.to > f.from && overlap(f) >= (f.to - f.from) / 2);

		if (inside.length)
			return this.windowOf(inside);
		const best = this.fills.reduce((a, b) => overlap(b) > overlap(a) ? b : a);
		return this.windowOf([best]);
	}

	windowOf(fills) {
		const epochs = new Uint8Array(this.report.epoch.length);
		const chosen = new Set(fills);
		const folded = fills.filter(f => f.folded).length;

		for (const fill of fills) {
			for (const number of fill.epochs)
				epochs[number] = 1;
		}
		/* What is folded is one sum: it is in a window that has all that is in there. */
		const whole = this.fills.every(f => !f.folded || chosen.has(f));
		if (whole) {
			for (const {number} of this.foldedEpochs)
				epochs[number] = 1;
		}
		return {
			epochs, fills, folded: whole ? 0 : folded,
			cycles: fills.filter(f => f.cycle >= 0).map(f => f.cycle),
			from: fills.reduce((a, f) => Math.min(a, f.from), Infinity),
			to: fills.reduce((a, f) => Math.max(a, f.to), 0),
		};
	}

	/* What led to a cycle; null: that was before the recording. */
	windowOfCycle(cycle) {
		const fill = this.fills.find(f => f.cycle === cycle);

		return fill ? this.windowOf([fill]) : null;
	}

	/* The last look at the memory of any process before @time, within @slack ns; or -1. */
	lookAt(time, slack) {
		const {memory} = this;
		let best = -1;

		for (let i = 0; i < memory.n; i++) {
			if (memory.time[i] <= time + slack && (best < 0 || memory.time[i] >= memory.time[best]))
				best = i;
		}
		return best;
	}

	/* The numbers of the pools that a cycle collected. */
	poolsOf(cycle) {
		const {pools, cycles} = this;

		return [...Array(pools.n).keys()].filter(i =>
			pools.target[i] === cycles.target[cycle] && pools.epoch[i] === cycles.epoch[cycle]);
	}

	/* The cycle a pause is of, or -1. */
	cycleOfPause(pause) {
		const {pauses, cycles} = this;

		for (let i = 0; i < cycles.n && pauses.epoch[pause]; i++) {
			if (cycles.target[i] === pauses.target[pause] && cycles.epoch[i] === pauses.epoch[pause])
				return i;
		}
		return -1;
	}

	/* --- names ---------------------------------------------------------------- */

	cycleName(i) {
		const {target, epoch, name} = this.cycles;
		const process = this.targets.length > 1 ? ` of pid ${this.targets[target[i]].pid}` : "";

		return `Cycle ${formatExact(epoch[i])}${name[i] ? ` (${name[i]})` : ""}${process}`;
	}
}

/* Dense, so that a place in time is a place in the column; bytes of all processes. */
function decodeBins({width, gap, bytes, objects}) {
	const n = gap.reduce((sum, g) => sum + g + 1, 0);
	const bins = {width, n, bytes: new Float64Array(n), objects: new Float64Array(n)};
	let at = -1;

	gap.forEach((g, i) => {
		at += g + 1;
		bins.bytes[at] = bytes[i];
		bins.objects[at] = objects[i];
	});
	bins.most = greatest(bins.bytes);
	return bins;
}

/* Of more numbers than a function takes arguments. */
const greatest = values => values.reduce((a, b) => Math.max(a, b), 0);
