// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Opens the page, and offers what it shows to programs: tests and scripts read
 * window.alloctap instead of pixels. Numbers are exact, in bytes and counts;
 * nodes are the numbers used in the address.
 */
(() => {
	const started = performance.now();
	const json = JSON.parse(byId("profile").textContent);
	const parsed = performance.now();

	if (json.per_second)
		useRates();
	const profile = decodeProfile(json);
	const decoded = performance.now();
	const app = new App(profile);
	const {tree, view, state} = app;
	const perUnit = value => Object.fromEntries(UNITS.map((unit, i) => [unit.key, value(i)])
		.filter((_, i) => !UNITS[i].rare || app.totals[i]));

	Object.assign(app.timings, {parse: parsed - started, decode: decoded - parsed,
				    open: performance.now() - started,
				    since_navigation: performance.now()});
	window.alloctap = Object.freeze({
		/* What is selected, zoomed, searched and shown. */
		state: () => ({
			unit: UNITS[state.unit].key, zoom: state.zoom, selected: state.selected,
			query: state.query, type: state.type, window: state.window && {
				from: state.window.from, to: state.window.to, folded: state.window.folded,
				cycles: state.window.cycles.map(i => tree.profile.cycles.cycles.epoch[i]),
			},
			side: state.side, icicle: state.icicle, tab: state.tab, theme: app.theme,
			hover: view.marked.hover, moving: view.move !== null || view.pending !== 0 ||
				app.timeline !== null && app.timeline.pending !== 0,
			matches: app.found ? app.found.nodes.length : null,
			matched: app.found ? app.found.weight : null,
			scroll: view.box.scrollTop, canvas: [view.canvas.width, view.canvas.height],
		}),
		totals: () => perUnit(unit => app.totals[unit]),
		/* The node at the end of a path of function names below the root, or -1. */
		find: path => path.reduce((node, name) => {
			const {start, list} = tree.children;
			const kids = node < 0 ? [] : [...list.subarray(start[node], start[node + 1])];
			const kid = kids.find(k => tree.name(k) === name);

			return kid === undefined ? -1 : kid;
		}, 0),
		node: node => ({
			name: tree.name(node), depth: tree.depth[node], inlined: tree.inlined[node] === 1,
			self: perUnit(unit => tree.self[unit][node]),
			total: perUnit(unit => tree.total[unit][node]),
			/* Of each side: the only one, or before and after. */
			sides: tree.sides.map(side => perUnit(unit => side.total[unit][node])),
			lines: tree.lines(node, state.unit),
		}),
		/* Boxes of the unit shown: all of them, and the rows they make. */
		size: () => ({nodes: tree.n, boxes: app.layout().n, rows: app.layout().depth}),
		/* What a table has rows for, shown or not. */
		rows: id => app.tabs.tables[id].rows.map(r => ({...r})),
		/* Where a node is in the window; null when it is out of range. */
		rect: node => view.rectOf(node),
		/* What the last drawing did, how many there were, and how long steps took, in ms. */
		work: () => ({...view.painter.work, paints: view.painter.count}),
		/* What the timeline shows: its range in ns, and its lanes, of the canvas. */
		timeline: () => app.timeline && {
			...app.timeline.range, end: app.timeline.data.end,
			lanes: Object.values(app.timeline.painter.lanes).map(({id, y, height}) => ({id, y, height})),
			paints: app.timeline.painter.count, took: app.timeline.painter.took,
		},
		/* Where a time in a lane is in the window. */
		timelinePoint(time, lane) {
			const {painter, plot} = app.timeline;
			const {left, top} = plot.getBoundingClientRect();
			const {y, height} = painter.lanes[lane];

			return {x: left + plot.clientLeft + painter.xOf(time), y: top + plot.clientTop + y + height / 2};
		},
		timings: () => ({...app.timings}),
		/* Draws now rather than with the next frame of the screen. */
		paint() {
			view.paint();
			return this.work();
		},
	});
})();
