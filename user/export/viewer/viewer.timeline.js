// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The timeline over the graph: what is pointed at, zoomed to, and chosen. Only a
 * change of what the lanes show draws them; the cursor and the part being dragged
 * are elements laid over the canvas.
 */
const DRAG_LEAST = 4; /* px; less is a click */
const NEAR = 5; /* px that a pointer may miss a pause by */
const RANGE_LEAST = 10000; /* ns */

class Timeline {
	/* @choose is called with a window of viewer.cycles.js, or null: all of it. */
	constructor(profile, choose) {
		this.profile = profile;
		this.data = profile.cycles;
		this.choose = choose;
		this.box = byId("timeline");
		this.plot = byId("lanes-box");
		this.cursor = byId("cursor");
		this.dragged = byId("dragged");
		this.painter = new LanesPainter(this.data, byId("lanes"));
		this.range = this.painter.range = {from: 0, to: this.data.end};
		this.window = null;
		this.drag = null;
		this.pending = 0;
		this.box.hidden = false;
		byId("timeline-note").textContent = this.note();
		byId("timeline-legend").replaceChildren(...this.painter.legend().map(([color, text]) => {
			const swatch = el("i", {});

			swatch.style.background = `var(--gc-${color})`;
			return el("li", {}, swatch, text);
		}));
		this.listen();
		new ResizeObserver(() => this.resize()).observe(this.plot);
	}

	note() {
		const {folded} = this.data;

		return (this.data.cycles.n ? "Drag: only what was allocated then. Click a pause: what led to it. " : "") +
			"Wheel: zoom. Double click: all of it." +
			(folded ? ` Cycles up to ${formatExact(folded + 1)} that are underlined are folded: what led to them is known of all together only.` : "");
	}

	listen() {
		const {plot} = this;

		plot.addEventListener("pointerdown", event => this.press(event));
		plot.addEventListener("pointermove", event => this.move(event));
		plot.addEventListener("pointerup", event => this.release(event));
		plot.addEventListener("pointercancel", () => this.cancel());
		plot.addEventListener("pointerleave", () => this.leave());
		plot.addEventListener("wheel", event => this.wheel(event), {passive: false});
		plot.addEventListener("dblclick", () => this.show(0, this.data.end));
		plot.addEventListener("keydown", event => this.key(event));
	}

	/* --- what is shown ---------------------------------------------------------- */

	resize() {
		if (!this.plot.clientWidth)
			return;
		this.painter.resize(this.plot.clientWidth, devicePixelRatio || 1);
		this.redraw();
	}

	redraw() {
		if (!this.pending)
			this.pending = requestAnimationFrame(() => this.paint());
	}

	paint() {
		this.pending = 0;
		/* In a tab that is not seen it has no size. */
		if (this.painter.width)
			this.painter.paint(this.window);
	}

	reload() {
		this.painter.reload();
		this.redraw();
	}

	show(from, to) {
		const length = Math.min(this.data.end, Math.max(RANGE_LEAST, to - from));
		const start = Math.min(Math.max(0, from), this.data.end - length);

		/* At once: what comes before the next drawing is of this range already. */
		this.range = this.painter.range = {from: start, to: start + length};
		this.redraw();
	}

	mark(window) {
		this.window = window;
		this.redraw();
	}

	/* --- pointer ------------------------------------------------------------------ */

	/* Inside of the plot, however far out the pointer is. */
	xOf(event) {
		const {left} = this.plot.getBoundingClientRect();

		return Math.min(this.painter.width, Math.max(LANE_GUTTER, event.clientX - left - this.plot.clientLeft));
	}

	press(event) {
		if (event.button > 1)
			return;
		/* The middle button would scroll. */
		if (event.button === 1)
			event.preventDefault();
		this.plot.setPointerCapture(event.pointerId);
		const x = this.xOf(event);

		this.drag = {x, at: x, range: this.range, pan: event.button === 1 || event.shiftKey};
	}

	move(event) {
		const x = this.xOf(event);

		if (!this.drag) {
			this.hover(event);
			return;
		}
		hideTip();
		this.drag.at = x;
		if (this.drag.pan) {
			const {from, to} = this.drag.range;
			const by = (this.drag.x - x) / this.painter.plot * (to - from);

			this.show(from + by, to + by);
		} else if (Math.abs(x - this.drag.x) >= DRAG_LEAST) {
			this.dragged.hidden = false;
			this.dragged.style.left = Math.min(x, this.drag.x) + "px";
			this.dragged.style.width = Math.abs(x - this.drag.x) + "px";
		}
	}

	release(event) {
		const {drag, painter, data} = this;

		this.cancel();
		if (!drag || drag.pan)
			return;
		const from = Math.min(drag.x, drag.at), to = Math.max(drag.x, drag.at);
		const {range} = this;

		if (to - from < DRAG_LEAST)
			this.click(event);
		else if (data.cycles.n)
			/* Near the ends those are meant, however many short cycles are in a pixel there. */
			this.choose(data.window(from < LANE_GUTTER + NEAR ? range.from : painter.timeAt(from),
						to > painter.width - NEAR ? range.to : painter.timeAt(to)));
	}

	cancel() {
		this.drag = null;
		this.dragged.hidden = true;
	}

	leave() {
		this.cursor.hidden = true;
		if (!this.drag)
			hideTip();
	}

	click(event) {
		const {data} = this;
		const hit = this.hit(event);
		let window = null;

		if (hit.cycle >= 0)
			window = data.windowOfCycle(hit.cycle);
		else if (hit.pause >= 0)
			window = data.window(data.pauses.start[hit.pause], data.pauses.start[hit.pause]);
		if (window && data.cycles.n)
			this.choose(window);
		else if (hit.cycle >= 0)
			byId("live").textContent = "What led to that cycle was before the recording.";
	}

	wheel(event) {
		const {from, to} = this.range;
		const sideways = event.shiftKey ? event.deltaY : event.deltaX;

		event.preventDefault();
		if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
			const by = sideways / this.painter.plot * (to - from);

			this.show(from + by, to + by);
		} else {
			this.zoomBy(Math.exp(event.deltaY * 0.002), this.painter.timeAt(this.xOf(event)));
		}
		this.hover(event);
	}

	zoomBy(factor, around) {
		const {from, to} = this.range;
		const length = Math.min(this.data.end, Math.max(RANGE_LEAST, (to - from) * factor));
		const start = around - (around - from) * length / (to - from);

		this.show(start, start + length);
	}

	/* To the fill beside those chosen; from none of them to the first, or the last. */
	step(by) {
		const {fills} = this.data;
		const {from, to} = this.range;
		const chosen = this.window ? this.window.fills : [];
		const at = chosen.length ? fills.indexOf(chosen[by < 0 ? 0 : chosen.length - 1]) + by :
			by < 0 ? fills.length - 1 : 0;
		const fill = fills[Math.min(fills.length - 1, Math.max(0, at))];

		this.choose(this.data.windowOf([fill]));
		if (fill.from < from || fill.to > to)
			this.show((fill.from + fill.to - to + from) / 2, (fill.from + fill.to + to - from) / 2);
	}

	/* Left and right go from one fill to the next. */
	key(event) {
		const {data, range} = this;
		const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];

		if (event.ctrlKey || event.altKey || event.metaKey)
			return;
		if (by && data.cycles.n) {
			this.step(by);
		} else if (event.key === "+" || event.key === "-") {
			this.zoomBy(event.key === "+" ? 0.5 : 2, (range.from + range.to) / 2);
		} else if (event.key === "Home") {
			this.show(0, data.end);
		} else {
			return;
		}
		event.preventDefault();
		event.stopPropagation();
	}

	/* --- what is pointed at ------------------------------------------------------- */

	/* {time, lane, pause, cycle}: numbers, -1 where there is none under the pointer. */
	hit(event) {
		const {top} = this.plot.getBoundingClientRect();
		const x = this.xOf(event), y = event.clientY - top - this.plot.clientTop;
		const {painter, data} = this;
		const lane = Object.values(painter.lanes).find(l => y >= l.y - 2 && y < l.y + l.height + 3);
		const hit = {time: painter.timeAt(x), lane: lane ? lane.id : "", pause: -1, cycle: -1};

		if (hit.lane === "pauses") {
			const {start, total} = data.pauses;

			hit.pause = this.nearest(data.pauses.n, x, i => [painter.xOf(start[i]), painter.xOf(start[i] + total[i])],
						 i => total[i]);
			hit.cycle = hit.pause < 0 ? -1 : data.cycleOfPause(hit.pause);
		} else if (lane) {
			const {start, end} = data.cycles;

			hit.cycle = this.nearest(data.cycles.n, x,
						 i => [painter.xOf(start[i]), painter.xOf(end[i] || data.end)], () => 0);
		}
		return hit;
	}

	/* Of spans in px the one at @x, or nearest to it; of several the one with most @weight. */
	nearest(n, x, spanOf, weight) {
		let best = -1, distance = NEAR + 1;

		for (let i = 0; i < n; i++) {
			const [from, to] = spanOf(i);
			const away = Math.round(Math.max(0, from - x, x - Math.max(to, from + PAUSE_WIDTH)));

			if (away < distance || away === distance && best >= 0 && weight(i) > weight(best)) {
				best = i;
				distance = away;
			}
		}
		return best;
	}

	hover(event) {
		const {left} = this.plot.getBoundingClientRect();

		this.cursor.hidden = event.clientX - left < LANE_GUTTER;
		if (this.cursor.hidden) {
			hideTip();
			return;
		}
		const hit = this.hit(event);

		this.cursor.style.transform = `translateX(${this.xOf(event)}px)`;
		this.plot.style.cursor = hit.lane !== "rate" && hit.lane !== "heap" && hit.lane !== "memory" && hit.cycle >= 0 ? "pointer" : "crosshair";
		showTip(this.describe(hit), event.clientX, event.clientY);
	}

	describe({time, pause, cycle}) {
		const {data} = this;
		const rows = [["at", formatTick(time, (this.range.to - this.range.from) / this.painter.plot)]];
		let title = "Between cycles";

		if (pause >= 0) {
			title = visible(data.pauses.reason[pause]);
			rows.push(...this.pauseRows(pause));
		}
		if (cycle >= 0) {
			if (pause < 0)
				title = data.cycleName(cycle);
			else
				rows.push(["of", data.cycleName(cycle)]);
			rows.push(...this.cycleRows(cycle));
		} else if (pause < 0 && !data.cycles.n) {
			title = "No collection";
		}
		rows.push(...this.memoryRows(time));
		const bin = Math.floor(time / data.bins.width);

		if (bin < data.bins.n)
			rows.push(["allocated here", `${formatBytes(Math.round(data.bins.bytes[bin] * 1e9 / data.bins.width))}/s, ` +
				   `${formatCount(Math.round(data.bins.objects[bin] * 1e9 / data.bins.width))} objects/s`]);
		return [el("div", {class: "names"}, el("div", {class: "name"}, title)),
			el("table", {class: "weights"}, el("tbody", {}, ...rows.map(([name, value]) =>
				el("tr", {}, el("th", {scope: "row"}, name), el("td", {}, value)))))];
	}

	memoryRows(time) {
		const {data, range, painter} = this;
		const i = data.lookAt(time, NEAR * (range.to - range.from) / painter.plot);

		if (i < 0)
			return [];
		const of = data.targets.length > 1 ? ` (pid ${data.targets[data.memory.target[i]].pid})` : "";

		return [["resident memory" + of, formatBytes(data.memory.bytes[i])]];
	}

	pauseRows(i) {
		const {pauses} = this.data;

		return [["world stopped", `${formatDuration(pauses.total[i])} (${formatDuration(pauses.stopping[i])} until all threads stood)`],
			...(pauses.gc[i] ? [] : [["by", siteOf(this.profile, pauses.site[i]).short]])];
	}

	cycleRows(i) {
		const {cycles, pauses, pools} = this.data;
		const own = pauses.total.filter((_, at) => pauses.epoch[at] === cycles.epoch[i] && pauses.target[at] === cycles.target[i] && pauses.epoch[at]);
		const rows = [["trigger", TRIGGERS[cycles.trigger[i]] || TRIGGERS[3]]];

		rows.push(["marking", !cycles.start[i] ? "began before the recording" :
			!cycles.end[i] ? "had not ended" : formatDuration(cycles.end[i] - cycles.start[i])]);
		if (own.length)
			rows.push(["pauses", `${own.length}, ${formatDuration(own.reduce((a, b) => a + b))} in all`]);
		if (cycles.assist[i])
			rows.push(["assists", formatDuration(cycles.assist[i])]);
		if (cycles.sweepStart[i] && cycles.sweepEnd[i])
			rows.push(["sweeping", formatDuration(cycles.sweepEnd[i] - cycles.sweepStart[i])]);
		for (const at of this.data.poolsOf(i))
			rows.push([visible(pools.name[at]) || "pool", `${formatBytes(pools.before[at])} \u2192 ${formatBytes(pools.after[at])}`]);
		if (cycles.live[i])
			rows.push(["heap live", formatBytes(cycles.live[i])]);
		if (cycles.goal[i])
			rows.push(["heap goal", formatBytes(cycles.goal[i])]);
		if (cycles.limit[i])
			rows.push(["memory limit", formatBytes(cycles.limit[i])]);
		return rows;
	}
}

/* "3 cycles (4\u20136), 1.20 s": what a window holds. */
function describeWindow({cycles, folded, from, to}, data) {
	const numbers = cycles.map(i => data.cycles.epoch[i]);
	const first = numbers.reduce((a, b) => Math.min(a, b), Infinity), last = greatest(numbers);
	const which = data.targets.length > 1 || !numbers.length ? "" :
		first === last ? ` (#${formatExact(first)})` : ` (#${formatExact(first)}\u2013${formatExact(last)})`;

	return `${formatExact(numbers.length)} cycle${numbers.length === 1 ? "" : "s"}${which}, ${formatDuration(to - from)}` +
		(folded ? `, ${formatExact(folded)} of them folded and left out` : "");
}
