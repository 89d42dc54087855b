// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Draws the timeline's lanes. However many cycles and bins there are, a column of
 * pixels gets what stands out most in it: the highest rate beside the mean one,
 * the longest pause, which is never narrower than can be seen.
 */
const LANE_GUTTER = 112, LANE_GAP = 5, LANE_AXIS = 17, PAUSE_WIDTH = 2;

const LANES = [
	{id: "rate", name: "Allocated", height: 44, exists: c => c.bins.n > 0},
	{id: "heap", name: "Heap", height: 34, exists: c => c.most.heap > 0},
	{id: "memory", name: "Memory", height: 34, exists: c => c.most.memory > 0},
	{id: "cycles", name: "Cycles", height: 12, exists: c => c.cycles.n > 0},
	{id: "pauses", name: "Pauses", height: 24, exists: c => c.pauses.n > 0},
	{id: "assists", name: "Assists", height: 18, exists: c => c.most.assist > 0},
];

class LanesPainter {
	constructor(cycles, canvas) {
		let y = 2;

		this.data = cycles;
		this.canvas = canvas;
		this.context = canvas.getContext("2d");
		this.lanes = {};
		for (const lane of LANES.filter(l => l.exists(cycles))) {
			this.lanes[lane.id] = {...lane, y};
			y += lane.height + LANE_GAP;
		}
		this.bottom = y;
		this.height = y + LANE_AXIS;
		this.count = 0;
		this.range = {from: 0, to: 1}; /* ns */
		this.reload();
	}

	/* Reads the theme in force. */
	reload() {
		this.colors = Object.fromEntries(["text", "muted", "line", "panel", "rate", "peak", "live", "goal", "cycle",
			"timer", "forced", "sweep", "pause", "stop", "assist", "veil", "folded"].map(name =>
			[name, themeValue(["text", "muted", "line", "panel"].includes(name) ? name : "gc-" + name)]));
		this.font = getComputedStyle(document.body).fontFamily;
	}

	resize(width, ratio) {
		this.width = width;
		this.plot = Math.max(1, width - LANE_GUTTER);
		this.canvas.width = Math.round(width * ratio);
		this.canvas.height = Math.round(this.height * ratio);
		this.canvas.style.width = width + "px";
		this.canvas.style.height = this.height + "px";
		this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
	}

	/* What is in .range; @window: what is chosen, or null. */
	paint(window) {
		const {context, lanes, width, height} = this;
		const started = performance.now();

		this.count++;
		context.clearRect(0, 0, width, height);
		context.save();
		context.beginPath();
		context.rect(LANE_GUTTER, 0, this.plot, height);
		context.clip();
		this.paintAxis();
		if (lanes.rate)
			this.paintRate(lanes.rate);
		if (lanes.heap)
			this.paintHeap(lanes.heap);
		if (lanes.memory)
			this.paintMemory(lanes.memory);
		if (lanes.cycles)
			this.paintCycles(lanes.cycles);
		if (lanes.pauses)
			this.paintPauses(lanes.pauses);
		if (lanes.assists)
			this.paintAssists(lanes.assists);
		if (window)
			this.paintVeil(window);
		context.restore();
		this.paintLabels();
		this.took = performance.now() - started;
	}

	xOf(time) {
		return LANE_GUTTER + (time - this.range.from) / (this.range.to - this.range.from) * this.plot;
	}

	timeAt(x) {
		return this.range.from + (x - LANE_GUTTER) / this.plot * (this.range.to - this.range.from);
	}

	fill(color, x, y, width, height) {
		this.context.fillStyle = this.colors[color];
		this.context.fillRect(x, y, width, height);
	}

	/* --- lanes ----------------------------------------------------------------- */

	paintAxis() {
		const {context, colors, range} = this;
		const step = niceStep((range.to - range.from) / Math.max(2, this.plot / 110));

		context.font = `11px ${this.font}`;
		context.textBaseline = "alphabetic";
		for (let i = Math.ceil(range.from / step); i * step <= range.to; i++) {
			const x = Math.round(this.xOf(i * step));

			this.fill("line", x, 0, 1, this.bottom);
			context.fillStyle = colors.muted;
			context.textAlign = x + 24 > this.width ? "right" : x < LANE_GUTTER + 20 ? "left" : "center";
			context.fillText(formatTick(i * step, step), x, this.height - 4);
		}
	}

	paintRate(lane) {
		const {bins} = this.data;
		const means = new Float64Array(this.plot), peaks = new Float64Array(this.plot);
		let most = 0;

		for (let x = 0; x < this.plot; x++) {
			const first = Math.max(0, Math.floor(this.timeAt(LANE_GUTTER + x) / bins.width));
			const end = Math.max(first + 1, Math.floor(this.timeAt(LANE_GUTTER + x + 1) / bins.width));
			let sum = 0;

			for (let i = first; i < end && i < bins.n; i++) {
				sum += bins.bytes[i];
				peaks[x] = Math.max(peaks[x], bins.bytes[i]);
			}
			means[x] = sum / (end - first);
			most = Math.max(most, peaks[x]);
		}
		this.rateMost = most;
		const bars = (color, values) => values.forEach((v, x) => {
			const h = most ? Math.max(v ? 1 : 0, v / most * lane.height) : 0;

			if (h)
				this.fill(color, LANE_GUTTER + x, lane.y + lane.height - h, 1, h);
		});
		bars("peak", peaks);
		bars("rate", means);
	}

	/*
	 * A line through a value of each of @shown; where there are more of those than
	 * pixels, as far up and down as they reach in each. A goal holds to the next cycle.
	 */
	paintLine(color, shown, values, y, steps) {
		const {context, colors} = this;
		const {start} = this.data.cycles;
		let column = -1, low = 0, high = 0;

		context.beginPath();
		shown.forEach((i, at) => {
			const x = this.xOf(start[i]), last = at === shown.length - 1;

			if (Math.floor(x) === column && !last) {
				low = Math.min(low, values[i]);
				high = Math.max(high, values[i]);
				return;
			}
			if (low < high) {
				context.lineTo(column + 0.5, y(low));
				context.lineTo(column + 0.5, y(high));
			}
			if (steps && at)
				context.lineTo(x, y(values[shown[at - 1]]));
			context.lineTo(x, y(values[i]));
			column = Math.floor(x);
			low = high = values[i];
		});
		context.lineWidth = 1.5;
		context.strokeStyle = colors[color];
		context.stroke();
	}

	/* The numbers of the first and the last cycle of @target to be drawn: one more on each side. */
	*visible(target) {
		const {cycles} = this.data;
		let before = -1;

		for (let i = 0; i < cycles.n; i++) {
			if (cycles.target[i] !== target || !cycles.start[i])
				continue;
			if (cycles.start[i] < this.range.from) {
				before = i;
				continue;
			}
			if (before >= 0)
				yield before;
			before = -1;
			yield i;
			if (cycles.start[i] > this.range.to)
				return;
		}
		if (before >= 0)
			yield before;
	}

	paintHeap(lane) {
		const {context, colors, data} = this;
		const {cycles, most} = data;
		const y = value => lane.y + lane.height - Math.min(1, value / most.heap) * (lane.height - 2);

		data.targets.forEach((_, target) => {
			const shown = [...this.visible(target)].filter(i => cycles.live[i] || cycles.goal[i]);

			if (!shown.length)
				return;
			if (shown.some(i => cycles.goal[i]))
				this.paintLine("goal", shown, cycles.goal, y, true);
			this.paintLine("live", shown, cycles.live, y, false);
			if (shown.length < this.plot / 6) {
				context.fillStyle = colors.live;
				for (const i of shown)
					context.fillRect(this.xOf(cycles.start[i]) - 1.5, y(cycles.live[i]) - 1.5, 3, 3);
			}
			this.paintLimit(cycles.limit[shown[0]], y);
		});
	}

	/* Of each process, up to its highest in a column of pixels; it holds to the next look. */
	paintMemory(lane) {
		const {context, colors, data} = this;
		const {memory, most} = data;
		const y = value => lane.y + lane.height - value / most.memory * (lane.height - 2);

		data.targets.forEach((_, target) => {
			let column = -1, peak = 0, last = -1;

			context.beginPath();
			for (let i = 0; i < memory.n; i++) {
				if (memory.target[i] !== target)
					continue;
				const x = this.xOf(memory.time[i]);

				if (Math.floor(x) !== column)
					peak = 0;
				column = Math.floor(x);
				if (last >= 0)
					context.lineTo(x, y(memory.bytes[last]));
				peak = Math.max(peak, memory.peak[i]);
				context.lineTo(x, y(peak));
				context.lineTo(x, y(memory.bytes[i]));
				last = i;
			}
			context.lineWidth = 1.5;
			context.strokeStyle = colors.live;
			context.stroke();
		});
	}

	paintLimit(limit, y) {
		const {context, colors, data} = this;

		if (!limit || limit > data.most.heap)
			return;
		context.setLineDash([4, 3]);
		context.strokeStyle = colors.pause;
		context.lineWidth = 1;
		context.beginPath();
		context.moveTo(LANE_GUTTER, y(limit));
		context.lineTo(this.width, y(limit));
		context.stroke();
		context.setLineDash([]);
	}

	/* Where a cycle marked: [x, width], what can be seen of it; null: not here. */
	spanOf(cycle, least) {
		const {start, end} = this.data.cycles;
		const x = this.xOf(start[cycle]);
		const x1 = this.xOf(end[cycle] || this.data.end);

		if (x > this.width || Math.max(x1, x + least) < LANE_GUTTER)
			return null;
		return [Math.max(x, LANE_GUTTER - least), Math.max(least, Math.min(x1, this.width) - Math.max(x, LANE_GUTTER - least))];
	}

	paintCycles(lane) {
		const {cycles, fills} = this.data;
		const colors = ["cycle", "timer", "forced", "cycle"];

		for (let i = 0, last = -1; i < cycles.n; i++) {
			const span = this.spanOf(i, 1);

			/* Where many fall into one pixel, one of them is enough. */
			if (!span || span[1] <= 1 && Math.floor(span[0]) === last)
				continue;
			last = Math.floor(span[0]);
			this.fill(colors[cycles.trigger[i]] || "cycle", span[0], lane.y, span[1], lane.height - 3);
		}
		/* Sweeping follows marking, thinner. */
		for (let i = 0, last = -1; i < cycles.n; i++) {
			const from = this.xOf(cycles.sweepStart[i]), to = this.xOf(cycles.sweepEnd[i]);

			if (!cycles.sweepStart[i] || !cycles.sweepEnd[i] || from > this.width || to < LANE_GUTTER || Math.floor(to) === last)
				continue;
			last = Math.floor(to);
			this.fill("sweep", from, lane.y + 3, Math.max(1, to - from), lane.height - 9);
		}
		/* Underlined, in one go as far as they are beside each other. */
		for (let i = 0; i < fills.length; i++) {
			const first = i;

			while (i < fills.length && fills[i].folded && fills[i].target === fills[first].target)
				i++;
			if (i === first)
				continue;
			const x = this.xOf(fills[first].from);

			this.fill("folded", x, lane.y + lane.height - 2, Math.max(1, this.xOf(fills[--i].to) - x), 2);
		}
	}

	paintPauses(lane) {
		const {pauses, most} = this.data;
		const longest = [new Float64Array(this.plot + 1), new Float64Array(this.plot + 1)];
		const widths = new Float64Array(this.plot + 1);

		for (let i = 0; i < pauses.n; i++) {
			const start = this.xOf(pauses.start[i]), end = this.xOf(pauses.start[i] + pauses.total[i]);
			const x = Math.floor(Math.max(start, LANE_GUTTER)) - LANE_GUTTER;

			if (end < LANE_GUTTER - PAUSE_WIDTH || start > this.width || x > this.plot)
				continue;
			const of = longest[pauses.gc[i] ? 0 : 1];

			of[x] = Math.max(of[x], pauses.total[i]);
			widths[x] = Math.max(widths[x], end - Math.max(start, LANE_GUTTER));
		}
		for (let x = 0; x <= this.plot; x++) {
			["pause", "stop"].forEach((color, which) => {
				const total = longest[which][x];
				/* By the root: short ones stay in sight beside the longest. */
				const h = 4 + (lane.height - 4) * Math.sqrt(most.pause ? total / most.pause : 0);

				if (total)
					this.fill(color, LANE_GUTTER + x, lane.y + lane.height - h, Math.max(PAUSE_WIDTH, widths[x]), h);
			});
		}
	}

	paintAssists(lane) {
		const {cycles, most} = this.data;

		for (let i = 0; i < cycles.n; i++) {
			const span = cycles.assist[i] ? this.spanOf(i, PAUSE_WIDTH) : null;
			const h = Math.max(2, cycles.assist[i] / most.assist * lane.height);

			if (span)
				this.fill("assist", span[0], lane.y + lane.height - h, span[1], h);
		}
	}

	paintVeil({from, to}) {
		const left = Math.max(LANE_GUTTER, this.xOf(from)), right = Math.min(this.width, this.xOf(to));

		this.fill("veil", LANE_GUTTER, 0, Math.max(0, left - LANE_GUTTER), this.bottom);
		this.fill("veil", right, 0, Math.max(0, this.width - right), this.bottom);
		this.fill("cycle", left - 1, 0, 1, this.bottom);
		this.fill("cycle", right, 0, 1, this.bottom);
	}

	/* [colour, meaning] of what is drawn. */
	legend() {
		const {lanes, data} = this;
		const triggers = new Set(data.cycles.trigger);

		return [
			...(lanes.rate ? [["rate", "mean rate"], ["peak", "highest of 10 ms"]] : []),
			...(lanes.heap ? [["live", "live heap"], ["goal", "goal"]] : []),
			...(lanes.cycles ? [["cycle", "cycle"], ...(triggers.has(2) ? [["forced", "forced"]] : []),
					    ...(triggers.has(1) ? [["timer", "by the timer"]] : []),
					    ...(data.cycles.sweepEnd.some(end => end) ? [["sweep", "sweeping"]] : [])] : []),
			...(lanes.memory ? [["live", "resident memory"]] : []),
			...(lanes.pauses ? [["pause", "GC pause"], ["stop", "other stop"]] : []),
			...(lanes.assists ? [["assist", "assists"]] : []),
			...(data.folded ? [["folded", "folded"]] : []),
		];
	}

	/* Names, and what the top of a lane stands for. */
	paintLabels() {
		const {context, colors, data, lanes} = this;
		const scales = {
			rate: () => `to ${formatBytes(Math.round(this.rateMost * 1e9 / data.bins.width))}/s`,
			heap: () => `to ${formatBytes(data.most.heap)}`,
			memory: () => `to ${formatBytes(data.most.memory)}`,
			pauses: () => `to ${formatDuration(data.most.pause)}`,
			assists: () => `to ${formatDuration(data.most.assist)}`,
		};

		context.textAlign = "left";
		context.textBaseline = "alphabetic";
		for (const {id, name, y, height} of Object.values(lanes)) {
			const twoLines = height >= 24;
			const middle = y + height / 2 + 4;

			context.font = `11px ${this.font}`;
			context.fillStyle = colors.text;
			context.fillText(name, 10, twoLines ? middle - 6 : middle);
			if (!scales[id])
				continue;
			context.fillStyle = colors.muted;
			context.font = `10px ${this.font}`;
			if (twoLines)
				context.fillText(scales[id](), 10, middle + 6);
			else
				context.fillText(scales[id](), 52, middle);
		}
	}
}

/* 1, 2 or 5 times a power of ten, not less than @least. */
function niceStep(least) {
	const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));

	return [1, 2, 5, 10].map(m => m * power).find(s => s >= least) || 10 * power;
}

/* A time as exact as ticks @step apart need. */
function formatTick(time, step) {
	const [scale, unit] = step >= 1e9 || time >= 1e9 ? [1e9, "s"] : step >= 1e6 ? [1e6, "ms"] : step >= 1e3 ? [1e3, "\u00b5s"] : [1, "ns"];

	return (time / scale).toFixed(Math.max(0, Math.ceil(Math.log10(scale / step)))) + "\u202f" + unit;
}
